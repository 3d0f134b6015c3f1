# One image for web, worker and scheduler: `docker compose build`. What runs is the command's choice.

FROM python:3.11-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements/run.lock /tmp/run.lock
# Wheels only, each by its hash: nothing is compiled, so no stage needs a compiler.
RUN /opt/venv/bin/pip install --only-binary :all: --require-hashes -r /tmp/run.lock
WORKDIR /app
COPY hotline hotline
COPY triage triage
COPY partners partners
COPY workers workers
RUN for po in */translations/*/LC_MESSAGES/messages.po; do \
      /opt/venv/bin/pybabel -q compile -i "$po" -o "${po%.po}.mo" || exit 1; \
    done \
 && echo /app > "$(/opt/venv/bin/python -c 'import site; print(site.getsitepackages()[0])')/hotline.pth" \
 && printf '%s\n' '#!/opt/venv/bin/python' 'from workers.cli import main' 'main()' > /opt/venv/bin/hotline \
 && chmod 755 /opt/venv/bin/hotline \
 && /opt/venv/bin/pip uninstall -q -y pip setuptools \
 && python -m compileall -q /opt/venv/lib /app

FROM python:3.11-slim-trixie
# A number, not a name, so that the orchestrator can see that it is not root.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin hotline \
 && install -d -o 10001 -g 10001 -m 0700 /data /keys
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
COPY deploy/healthcheck.py /app/deploy/healthcheck.py
COPY LICENSE /app/LICENSE
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOTLINE_DATA_DIR=/data HOTLINE_SECRETS_DIR=/keys
WORKDIR /app
USER 10001:10001
EXPOSE 8000
ENTRYPOINT ["hotline"]
CMD ["web"]
