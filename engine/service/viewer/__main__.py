"""`python -m engine.service.viewer`: started by the service; `loop` is what it does."""

if __name__ == "__main__":
    from engine.service.viewer.loop import main

    main()
