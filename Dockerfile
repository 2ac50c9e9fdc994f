# One image for every process: `serve`, `worker sync`, `worker reprice`, `simulator`.
# It holds no database; MONGODB_URL and REDIS_URL say where they are.

FROM python:3.12-slim-bookworm AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_REQUIRE_VIRTUALENV=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /app
COPY requirements/ requirements/
# The same steps as `make install`, which says why; without what only development needs.
RUN pip install --require-hashes --only-binary :all: -r requirements/build.txt \
    && CPPFLAGS="-O2 -DPyEval_CallObject=PyObject_CallObject" pip install --require-hashes --no-deps \
        --no-build-isolation --use-pep517 --no-binary :all: -r requirements/native.txt \
    && pip install --require-hashes --only-binary :all: -r requirements/runtime.txt
COPY . .
RUN pip install --no-deps --no-build-isolation --editable . \
    && python -m compileall -q . \
    && pip uninstall --yes setuptools pip

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home sales-channel \
    && install -d -o sales-channel -m 0700 /var/lib/sales-channel
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SALES_CHANNEL_DATA_DIR=/var/lib/sales-channel
WORKDIR /var/lib/sales-channel
USER 10001
VOLUME /var/lib/sales-channel
EXPOSE 8000
ENTRYPOINT ["sales-channel"]
CMD ["serve", "--host", "0.0.0.0"]
