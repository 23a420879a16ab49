# Compares the converted model with the original: the build fails at any answer that differs by more than check.json allows.
#
#     docker build parity
#
# This folder is a build context of its own. Nothing of it enters the image that serves, and the Dockerfile of that image knows
# nothing of it, because some builders run every stage of a file that they are given.
FROM {{baseImage}} AS parity
ENV HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /parity
COPY requirements.lock /parity/requirements.lock
RUN python -m pip install --no-cache-dir --no-compile --disable-pip-version-check --root-user-action=ignore --requirement /parity/requirements.lock
COPY . /parity/
USER 10001:10001
RUN python /parity/check.py /parity
