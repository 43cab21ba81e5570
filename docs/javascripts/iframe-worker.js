/* Search in pages that were opened as files. Browsers give those no workers, so the search's script runs in a hidden
   frame of the page, with the same two ways to speak: what is posted here arrives there, and the other way round. */
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      this.waiting = []
      const frame = document.createElement("iframe")
      frame.hidden = true
      document.body.append(frame)
      this.inside = frame.contentWindow
      this.inside.postMessage = data => this.dispatchEvent(new MessageEvent("message", { data }))
      const script = frame.contentDocument.createElement("script")
      script.addEventListener("load", () => {
        for (const data of this.waiting.splice(0)) this.deliver(data)
        this.waiting = null
      })
      script.src = new URL(url, location).href
      frame.contentDocument.body.append(script)
    }

    postMessage(data) {
      if (this.waiting) this.waiting.push(data)
      else this.deliver(data)
    }

    deliver(data) {
      this.inside.dispatchEvent(new MessageEvent("message", { data }))
    }
  }
}
