package io.quorate.coordinator;

import io.quorate.protocol.ConsistencyLevel;

/**
 * Why a request was not done, and what was achieved. The names and fields are those of the native
 * protocol's errors (version 5, section 9).
 */
public sealed interface RequestFailure {

  /** Not tried: too few replicas are alive. */
  record Unavailable(ConsistencyLevel level, int required, int alive) implements RequestFailure {}

  /** Too few replicas have answered in time. Whether the write will be seen is not known. */
  record WriteTimeout(ConsistencyLevel level, int received, int required, WriteKind kind)
      implements RequestFailure {}

  /** Too few replicas have answered in time. */
  record ReadTimeout(ConsistencyLevel level, int received, int required, boolean dataPresent)
      implements RequestFailure {}

  /**
   * So many replicas have refused that the level cannot be reached.
   *
   * @param why what the last of them said
   */
  record WriteFailure(
      ConsistencyLevel level, int received, int required, int failed, WriteKind kind, String why)
      implements RequestFailure {}

  /**
   * So many replicas have refused that the level cannot be reached.
   *
   * @param why what the last of them said
   */
  record ReadFailure(
      ConsistencyLevel level,
      int received,
      int required,
      int failed,
      boolean dataPresent,
      String why)
      implements RequestFailure {}

  /** Not tried: this node has too much to do, or its disk takes no writes. */
  record Overloaded(String message) implements RequestFailure {}

  /** The request itself cannot be done; the message is for the user. */
  record Invalid(String message) implements RequestFailure {}

  /** A truncation did not reach every node. */
  record TruncateFailed(String message) implements RequestFailure {}

  /**
   * A metadata change was refused because the metadata ring has no quorum that this node can reach.
   * Nothing was changed.
   */
  record MetadataUnavailable(String message) implements RequestFailure {}

  /** A metadata change may or may not take effect: its outcome could not be learnt in time. */
  record MetadataUnknown(String message) implements RequestFailure {}

  /** What kind of write it was; the names are the protocol's. */
  enum WriteKind {
    SIMPLE,
    BATCH,
    UNLOGGED_BATCH,
    BATCH_LOG
  }
}
