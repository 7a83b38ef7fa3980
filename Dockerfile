# Builds the service's image: an environment from the hash-locked list, then only that and nothing that built it.
ARG PYTHON=3.13-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python -m venv /opt/impersonator
# Before the sources, so that a changed line of code does not install everything anew.
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN /opt/impersonator/bin/pip install --require-hashes --no-deps --only-binary :all: -r requirements/runtime.txt \
    && python -m pip install --require-hashes --no-deps --only-binary :all: -r requirements/build.txt
COPY pyproject.toml LICENSE ./
COPY src src
COPY migrations migrations
RUN python -m hatchling build -t wheel \
    && /opt/impersonator/bin/pip install --no-deps --no-index dist/*.whl

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="Impersonator API" \
    org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin impersonator \
    && install --directory --owner=10001 --mode=0700 /var/lib/impersonator
COPY --from=build /opt/impersonator /opt/impersonator
ENV PATH=/opt/impersonator/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /tmp
EXPOSE 8000
# Alive, not ready: readiness is for the balancer, and a restart does not mend a database that is away.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["impersonator"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
