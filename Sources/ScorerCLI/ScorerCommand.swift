import Arguments

/// What `skiff-scorer` takes.
let scorerCommand = CommandSpec(
    "skiff-scorer", abstract: "Answer scoring requests for one model over HTTP",
    discussion: """
        Serves a context's `app` folder, which says in `serving.json` what the model is and takes, or a bare `.skiff` file. \
        Answers POST /invocations as MLflow's server does, POST /predict (a list of records in, the answer alone out), and \
        GET /ping, /health, /ready and /version. Each event is one line of JSON on standard output.

        SIGTERM and SIGINT let requests in flight finish, at most 30 seconds; a second one ends at once.

        Variables: PORT and SKIFF_LISTEN say where to listen, SKIFF_THREADS and SKIFF_WORKERS how wide, \
        SKIFF_ACCESS_LOG=off leaves out the lines of requests, and SKIFF_LIMIT_BODY_BYTES, SKIFF_LIMIT_ROWS, \
        SKIFF_LIMIT_REQUEST_SECONDS and so on set the limits. Options go before variables.
        """,
    arguments: [
        ArgumentSpec("MODEL", count: .optional, help: "a folder with `serving.json`, or a `.skiff` file")
    ],
    options: [
        OptionSpec(
            "listen", .value("HOST:PORT"), defaultValue: "0.0.0.0:8080",
            help: "the numeric address to listen on; port 0 takes a free one and tells it in the first line"),
        OptionSpec(
            "threads", .value("N"),
            help: "threads of a native model, for events and large batches; by default one for each processor"),
        OptionSpec("workers", .value("N"), help: "processes of a Python model; by default as `serving.json` says"),
        OptionSpec("check", .flag, help: "only ask the server on this machine whether it is ready: status 0 or 1"),
    ],
    examples: [
        .init("skiff-scorer --listen 127.0.0.1:8080 churn.skiff", "serve a converted model on this machine"),
        .init("skiff-scorer serve /app", "serve a context in its container"),
    ])
