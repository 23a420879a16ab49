import Arguments

/// What `skiff-scorer` takes.
let scorerCommand = CommandSpec(
    "skiff-scorer", abstract: "answer scoring requests for one model over HTTP",
    discussion: """
        Serves a context's `app` folder, which says in `serving.json` what the model is and takes, or a bare `.skiff` file. \
        Answers POST /invocations as MLflow's server does, POST /predict (a list of records in, the answer alone out), Open \
        Inference Protocol under /v2, KServe's v1 under /v1, and GET /ping, /health, /ready, /version, /metrics and \
        /openapi.json. Each event is one line of JSON on standard output.

        SIGTERM and SIGINT let requests in flight finish, at most 30 seconds; a second one ends at once. \
        A first word `serve` may stand before MODEL, as containers of MLflow are started.
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
        OptionSpec(
            "workers", .value("N"),
            help:
                "processes of a Python model, or `auto`: one for each processor, as far as the memory limit goes; by default as `serving.json` says, else `auto`"
        ),
        OptionSpec(
            "compat", .value("MODE"), choices: ["strict", "mlflow"],
            help:
                "strict: change no value without a word; mlflow: take what MLflow's server takes where nothing is lost"),
        OptionSpec("check", .flag, help: "only ask the server on this machine whether it is ready: status 0 or 1"),
    ],
    examples: [
        .init("skiff-scorer --listen 127.0.0.1:8080 churn.skiff", "serve a converted model on this machine"),
        .init("skiff-scorer serve /app", "serve a context in its container"),
        .init("skiff-scorer --check", "ask the server in this container, for a HEALTHCHECK"),
        .init("skiff-scorer --check --listen 127.0.0.1:9000", "ask a server on another port"),
    ])
