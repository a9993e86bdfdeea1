#!/bin/sh
# Builds the image: docker/build.sh [TAG]. JAVA_HOME must be a JDK 25; BASE may name another base image.
set -eu
cd "$(dirname "$0")/.."
tag=${1:-quorate:latest}
[ -f tools/target/quorate.jar ] || { echo "build first: mvn -Dquick package" >&2; exit 1; }
rm -rf docker/target
"${JAVA_HOME:?set JAVA_HOME to a JDK 25}/bin/jlink" --output docker/target/jre --strip-debug \
  --no-header-files --no-man-pages --compress zip-6 \
  --add-modules java.base,java.logging,java.management,java.naming,java.xml,jdk.unsupported
docker build -q -t "$tag" ${BASE:+--build-arg BASE="$BASE"} -f docker/Dockerfile .
