package io.quorate.node;

/** Temporary. */
final class Queries {
  CqlServer.Processor.Session newSession() {
    return (version, request, answer) -> {};
  }
}
