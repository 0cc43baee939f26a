# One image for bot and worker; compose.yaml starts each of them.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --system --no-create-home --shell /usr/sbin/nologin frontdesk
WORKDIR /app

COPY pyproject.toml constraints.txt LICENSE ./
COPY models models
COPY jobs jobs
COPY bot bot
RUN pip install --constraint constraints.txt .

USER frontdesk
EXPOSE 3000
CMD ["python", "-m", "bot"]
