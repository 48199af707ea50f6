# `skypay` and the example service of the journal; compose.yaml starts both. The sandbox
# listens on loopback in its container. Others reach it with a token, for example:
#
#   docker build --tag skypay .
#   docker run --publish 7171:7171 --env SKYPAY_ADMIN_TOKEN="$(openssl rand -hex 16)" \
#     skypay skypay sandbox up --host 0.0.0.0
#
# Another container calls it by a name that `--allow-host` adds.
FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN cargo build --release --locked --package skypay-cli --bin skypay \
    && cargo build --release --locked --package skypay-journal --features postgres --example service

FROM debian:12.12-slim
# The release of Debian is pinned, and with it the version of its certificates.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 skypay
COPY --from=build /source/target/release/skypay /source/target/release/examples/service /usr/local/bin/
USER 10001
WORKDIR /home/skypay
HEALTHCHECK --interval=5s --start-period=30s CMD ["skypay", "sandbox", "health"]
CMD ["skypay", "sandbox", "up"]
