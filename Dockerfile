# Debian 13: its libc runs the uWebSockets.js binary as it is.
FROM node:24-trixie-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Node 24 is the base image's own, so the pinned copy goes; of the HTTP engine's binaries only this platform's stays.
RUN npm ci --omit=dev --ignore-scripts \
 && rm -rf node_modules/node-linux-* \
 && find node_modules/uWebSockets.js -name 'uws_*.node' \
      ! -name "$(node -p '`uws_${process.platform}_${process.arch}_${process.versions.modules}.node`')" -delete

FROM node:24-trixie-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json main.ts ./
COPY schemas ./schemas
COPY config ./config
COPY bus ./bus
COPY workers ./workers
COPY router ./router
COPY ingress ./ingress
COPY ledger ./ledger
COPY sandbox ./sandbox
COPY cli ./cli
# A new volume takes over the folder's owner.
RUN mkdir /data && chown node /data
USER node
ENTRYPOINT ["node", "--max-semi-space-size=8", "main.ts"]
