# The worker (docs/operations/worker.md). `make image` builds it; its context needs build/contracts from `make package`.
# Python is the functions' 3.13. The digest is that of the index, for arm64 and amd64 alike; another base, with python3.13,
# by --build-arg PYTHON_IMAGE=….
ARG PYTHON_IMAGE=docker.io/library/python:3.13-slim-trixie@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE} AS build
ENV PYTHONDONTWRITEBYTECODE=1
WORKDIR /src
COPY scripts/uv-requirements.txt ./
RUN python3 -m venv /uv \
    && /uv/bin/python -m pip install --no-cache-dir --require-hashes --only-binary :all: -r uv-requirements.txt
COPY pyproject.toml uv.lock ./
# What the lock says, wheels only, each checked against its hash: as scripts/package.py does for the zips. The certificates are
# the base image's, where a company adds its own.
RUN /uv/bin/uv export --quiet --frozen --no-default-groups --no-emit-project --extra worker --output-file requirements.txt \
    && /uv/bin/uv pip install --no-cache --system-certs --python "$(command -v python3)" --target /app/lib --python-version 3.13 \
       --only-binary :all: --require-hashes --no-deps -r requirements.txt
COPY lambdas/datavault /app/lib/datavault
COPY build/contracts /app/contracts
# The root file system is read-only: bytecode is written here or never, and cannot be out of date.
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /app/lib \
    && chmod -R a+rX /app

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE}
ARG VERSION=0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="datavault-processor" \
      org.opencontainers.image.description="DataVault's worker: processes raw objects that are too large for a function." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /app /app
ENV PYTHONPATH=/app/lib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DATAVAULT_CONTRACTS=/app/contracts \
    DATAVAULT_WORKER_PORT=8080
# Nobody's: it has no entry in /etc/passwd, and needs none.
USER 65532:65532
EXPOSE 8080
# No HEALTHCHECK: Kubernetes does not look at it, and asks /healthz itself.
ENTRYPOINT ["python3", "-m", "datavault.worker"]
