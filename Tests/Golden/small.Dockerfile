# A model served by its own Python libraries, with skiff-scorer in front of them.
#
# app/requirements.lock holds what the model asks for, without hashes; packages that these need in turn
# are chosen by pip when the image is built. audit/manifest.json lists what is not pinned.
FROM docker.io/library/python:3.11.7-slim
ENV HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
COPY app/requirements.lock /app/requirements.lock
RUN python -m pip install --no-cache-dir --no-compile --disable-pip-version-check --root-user-action=ignore --requirement /app/requirements.lock
COPY app/ /app/
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=300s CMD ["/app/skiff-scorer", "--check"]
ENTRYPOINT ["/app/skiff-scorer", "/app"]
