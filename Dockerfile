FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# Optional are the Node.js binary and the embedded PostgreSQL; the image has the one and talks to a server for the other.
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund

FROM node:24-slim AS app
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 SIGNALBOX_DEMO=false SIGNALBOX_DATA_DIR=/data NODE_COMPILE_CACHE=/compiled
COPY --from=packages /app/node_modules node_modules
COPY package.json LICENSE ./
COPY src src
COPY mock-provider mock-provider
# Served at /errors/<code>.
COPY docs/errors docs/errors
RUN mkdir /data /compiled && chown node:node /data /compiled
USER node
# What Node.js compiles it keeps for the same user and the same arguments: half of each start.
RUN ["node", "--max-old-space-size=1024", "--max-semi-space-size=32", "--input-type=module", "--eval", "await import('./src/main.ts')"]
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-old-space-size=1024", "--max-semi-space-size=32", "src/main.ts"]
