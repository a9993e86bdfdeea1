package io.quorate.coordinator.metadata;

/** What became of a {@link MetadataChange}. */
public sealed interface ChangeOutcome {

  /** It took effect: the metadata has a new epoch. */
  record Applied(ClusterMetadata metadata) implements ChangeOutcome {}

  /** There was nothing to do, as {@code IF NOT EXISTS} and {@code IF EXISTS} allow. */
  record Unchanged() implements ChangeOutcome {}

  /** What should be made is there. {@code table} is empty for a keyspace. */
  record AlreadyExists(String keyspace, String table, String message) implements ChangeOutcome {}

  /** It cannot be done; the message is for the user. */
  record Invalid(String message) implements ChangeOutcome {}

  /** What it was computed from has changed meanwhile: compute it again. */
  record Conflict() implements ChangeOutcome {}
}
