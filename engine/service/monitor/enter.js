// Come in by a one-time link: keep the page's token where no other port's pages can read it, and go on.

const said = (name) => document.querySelector(`meta[name="${name}"]`).content;

localStorage.setItem("mam2-page", said("mam2-page"));
location.replace(said("mam2-next"));
