# One image for web, worker and scheduler: `docker compose build`. What runs is the command's choice.

# A Debian 13 with a python3 will do for a base, but both stages must have the same.
ARG BASE=python:3.13-slim-trixie
# pg_dump must not be older than the server of compose.yaml.
ARG POSTGRESQL=17

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
COPY requirements/tools.lock requirements/run.lock requirements/traces.lock /tmp/
# "traces" has the packages of OpenTelemetry, too.
ARG LOCK=run
# The tools stay in this stage. All packages come by hash, as wheels but for the pure Python ones
# that exist as source only and that the lock names: no stage needs a compiler.
RUN python3 -m venv /opt/tools \
 && /opt/tools/bin/pip install -q --only-binary :all: --require-hashes -r /tmp/tools.lock \
 && /opt/tools/bin/uv venv -q --python "$(command -v python3)" /opt/venv \
 && /opt/tools/bin/uv pip install -q --python /opt/venv/bin/python --require-hashes \
      --build-constraint /tmp/tools.lock -r "/tmp/$LOCK.lock"
# What was installed just now, as one list (CycloneDX), checked against its schema. Before the
# program is added, so that the list is of packages alone and names the program as their root.
COPY requirements/sbom.lock pyproject.toml /tmp/
RUN /opt/tools/bin/uv venv -q --python "$(command -v python3)" /opt/sbom \
 && /opt/tools/bin/uv pip install -q --python /opt/sbom/bin/python --require-hashes -r /tmp/sbom.lock \
 && /opt/sbom/bin/cyclonedx-py environment --pyproject /tmp/pyproject.toml --output-reproducible \
      --spec-version 1.6 --of JSON --validate -o /opt/sbom.cdx.json /opt/venv
# Of PostgreSQL's programs the two that make a backup and put it back: the package as a whole brings
# Perl. It is on the list, as no list of Debian's packages has it. Its libraries come with libpq5.
ARG POSTGRESQL
COPY deploy/add_to_sbom.py /tmp/
RUN cd /tmp && apt-get update -q && apt-get download -q "postgresql-client-$POSTGRESQL" \
 && dpkg-deb -x postgresql-client-*.deb /opt/postgresql \
 && /opt/sbom/bin/python add_to_sbom.py /opt/sbom.cdx.json "postgresql-client-$POSTGRESQL" \
      "$(dpkg-deb -f postgresql-client-*.deb Version)" PostgreSQL
WORKDIR /app
COPY hotline hotline
COPY triage triage
COPY partners partners
COPY workers workers
RUN echo /app > "$(/opt/venv/bin/python -c 'import site; print(site.getsitepackages()[0])')/hotline.pth" \
 && printf '%s\n' '#!/opt/venv/bin/python' 'from workers.cli import main' 'main()' > /opt/venv/bin/hotline \
 && chmod 755 /opt/venv/bin/hotline \
 && /opt/venv/bin/python -m compileall -q /opt/venv/lib /app

FROM ${BASE}
ARG POSTGRESQL
RUN apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends libpq5 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/postgresql/usr/lib/postgresql/${POSTGRESQL}/bin/pg_dump \
  /opt/postgresql/usr/lib/postgresql/${POSTGRESQL}/bin/pg_restore /usr/lib/postgresql/${POSTGRESQL}/bin/
COPY --from=build /opt/postgresql/usr/share/doc/postgresql-client-${POSTGRESQL}/copyright \
  /usr/share/doc/postgresql-client-${POSTGRESQL}/
# What the base has to install packages with is of no use to the service, only to an intruder.
RUN rm -rf /usr/local/lib/python3.*/site-packages/pip* /usr/local/lib/python3.*/ensurepip \
      /usr/local/bin/pip* /usr/lib/python3*/ensurepip /usr/share/python-wheels
# A number, not a name, so that the orchestrator can see that it is not root.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin hotline \
 && install -d -o 10001 -g 10001 -m 0700 /data /keys
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
COPY deploy/healthcheck.py /app/deploy/healthcheck.py
COPY --from=build /opt/sbom.cdx.json /app/sbom.cdx.json
COPY LICENSE /app/LICENSE
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOTLINE_DATA_DIR=/data HOTLINE_SECRETS_DIR=/keys
WORKDIR /app
USER 10001:10001
EXPOSE 8000
ENTRYPOINT ["hotline"]
CMD ["web"]
