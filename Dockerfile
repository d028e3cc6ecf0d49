# The native program alone, on an image without a shell, as a user without rights. Its root may be read only: what is
# written is the socket for commands, in XDG_RUNTIME_DIR or /tmp, where either can be written to.
#   docker build -t steelyard .
#   docker run --read-only --tmpfs /tmp -p 8080:8080 -v "$PWD/steelyard.yaml":/etc/steelyard/steelyard.yaml:ro steelyard
FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
RUN apt-get update && apt-get install -y --no-install-recommends clang zlib1g-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN dotnet publish src/Steelyard -c Release -o /publish

FROM mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled
COPY --from=build /publish/steelyard /usr/local/bin/steelyard
COPY packaging/docker/steelyard.yaml /etc/steelyard/steelyard.yaml
WORKDIR /etc/steelyard
USER 1654:1654
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 CMD ["steelyard", "healthcheck"]
ENTRYPOINT ["steelyard"]
CMD ["up", "/etc/steelyard/steelyard.yaml"]
