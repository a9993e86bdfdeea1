package io.quorate.environment;

/**
 * One node's world. Handed to the node's constructor; safe for concurrent use, as each member is.
 */
public record Environment(
    Clock clock,
    Shards shards,
    Background background,
    Messaging messaging,
    Network network,
    FileSystem files,
    Randomness random) {

  /** The same world with another way to its files. */
  public Environment withFiles(FileSystem other) {
    return new Environment(clock, shards, background, messaging, network, other, random);
  }

  /** The same world with another way to its peers. */
  public Environment withMessaging(Messaging other) {
    return new Environment(clock, shards, background, other, network, files, random);
  }
}
