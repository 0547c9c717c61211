# The image of millennium: one static binary, no shell, an ordinary user. docker-compose.yml runs it as migrate, api and worker.

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
ENV CGO_ENABLED=0 GOTOOLCHAIN=local
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -ldflags="-s -w" -o /out/millennium ./cmd/millennium

# Holds CA certificates, time zones and the user nonroot (65532), and nothing that can be run.
FROM gcr.io/distroless/static-debian13:nonroot
COPY --from=build /out/millennium /usr/local/bin/millennium
# Inside a container loopback would reach nobody.
ENV MILLENNIUM_ADDR=0.0.0.0:8080
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/millennium"]
CMD ["serve"]
