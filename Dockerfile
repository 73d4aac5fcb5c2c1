# The time that BuildKit writes in place of the build's own; see docs/security.md, "What is shipped".
ARG SOURCE_DATE_EPOCH

# The busybox of the Copy delivery: static, so that it runs in any agent's image. Its shell files, straight out of a checkout,
# would have the modes of whoever checked out.
FROM docker.io/library/debian:bookworm-slim AS tools
RUN apt-get update \
 && apt-get install -y --no-install-recommends busybox-static \
 && install -D -m 0555 /bin/busybox /tools/busybox
COPY deploy/tools /tools
RUN chmod 0755 /tools \
 && chmod 0444 /tools/bring /tools/fill /tools/keep /tools/run

FROM docker.io/library/node:26-bookworm-slim AS build
WORKDIR /src
COPY LICENSE package.json package-lock.json ./
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY tsconfig.json ./
COPY src ./src
COPY test/tools/bundle.mjs test/tools/bundled-packages.mjs ./test/tools/
# Copied straight out of a checkout, these two would have the modes of whoever checked out.
RUN npm run build \
 && chmod 0644 LICENSE package.json

# Node 26 is the maintained LTS; the code runs on 20.19 and newer. No shell, no package manager, not root.
FROM gcr.io/distroless/nodejs26-debian13:nonroot
COPY --from=tools /tools /tools
COPY --from=build /src/dist/outrider.js /app/outrider.js
COPY --from=build /src/dist/chunks /app/chunks
COPY --from=build /src/LICENSE /src/package.json /src/dist/licences.txt /app/
WORKDIR /app
USER 65532:65532
ENV NODE_ENV=production
EXPOSE 8443 8080
# Smaller than Node's own young generation, which costs memory and no time; larger than its first old one, so that what
# starts is not collected while V8 learns from it; and a heap that may grow by half between two collections, not fourfold,
# as V8 lets it where it has much memory. docs/performance-method.md says why.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=8", "--initial-heap-size=48", "--heap-growing-percent=50", "/app/outrider.js"]
CMD ["serve"]
