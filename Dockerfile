# One image for web, worker and beat; the command decides (see compose.yaml).
FROM python:3.11-slim AS build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
RUN python -m magnetiq.messages compile && DEBUG=off python manage.py collectstatic --noinput

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home magnetiq && install -d -o magnetiq /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MAGNETIQ_DATA_DIR=/data
WORKDIR /app
USER magnetiq
VOLUME /data
EXPOSE 8000
# Asks by the name of localhost, which therefore belongs into ALLOWED_HOSTS.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://localhost:8000/healthz', timeout=4)"]
CMD ["gunicorn", "magnetiq.wsgi"]
