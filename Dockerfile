# Build: the locked dependencies (hashes checked), then the project's wheel, into one virtual environment.
FROM python:3.13-slim AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock requirements-dev.lock ./
RUN python -m venv /opt/trialcards \
    && /opt/trialcards/bin/pip install --require-hashes -r requirements.lock
# The builder comes from the development lock and stays in this stage.
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r requirements-dev.lock
COPY . .
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
    && /opt/trialcards/bin/pip install --no-deps /dist/*.whl

# Run: the environment and nothing else, as a user who owns nothing but the folder of the store.
FROM python:3.13-slim
RUN useradd --system --no-create-home --uid 10001 trialcards \
    && install --directory --owner=trialcards --mode=0700 /var/lib/trialcards
WORKDIR /var/lib/trialcards
VOLUME /var/lib/trialcards
COPY --from=build /opt/trialcards /opt/trialcards
ENV PATH=/opt/trialcards/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER trialcards
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s --retries=3 CMD ["python", "-c", "\
import http.client, sys; \
call = http.client.HTTPConnection('127.0.0.1', 8000, timeout=2); \
call.request('GET', '/health/live'); \
sys.exit(call.getresponse().status != 200)"]
CMD ["trialcards", "serve", "--host", "0.0.0.0"]
