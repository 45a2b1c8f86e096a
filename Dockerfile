# The app, for runs on GitHub Actions runners. Its settings are environment variables: docs/deploy.md.
#
# The tag is the Node that everything is tested with. Pin the digest too where you build:
#   docker buildx imagetools inspect node:24.21.0-bookworm-slim
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# No package needs its install script for this, and none gets to run one.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.ts ./scripts/
COPY action/dist ./action/dist
COPY src ./src
RUN npm run build && mkdir data

FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# This stage is left behind, and npm's cache with it.
RUN npm ci --omit=dev --ignore-scripts

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    DEXTER_DATA=/data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /build/dist ./dist
# `dexter doctor` compares permissions with app.yml.
COPY package.json app.yml ./
# What onboarding adds to repositories.
COPY examples/dexter.yml examples/repository-config.yml ./examples/
# All that the app writes is in here (and nothing with DATABASE_URL): the rest may be mounted read-only.
COPY --from=build --chown=node:node /build/data /data
VOLUME /data
USER node
EXPOSE 3000
# In good order: see DEXTER_STOP_SECONDS. The app takes the signal itself and starts no children, so it may be
# process 1; `docker run --init` (compose.yaml has it) does no harm.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/server.js"]
