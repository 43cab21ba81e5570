"""`python -m engine.service.worker`: a worker, started by the service; `loop` is what it does."""

from engine.model.ready.memory import collect_seldom

if __name__ == "__main__":
    collect_seldom()

    from engine.service.worker.loop import main

    main()
