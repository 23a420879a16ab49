# A converted model: one static executable and one model file, no Python and no operating system.
FROM scratch
WORKDIR /app
COPY app/ /app/
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s CMD ["/app/skiff-scorer", "--check"]
ENTRYPOINT ["/app/skiff-scorer", "/app"]
