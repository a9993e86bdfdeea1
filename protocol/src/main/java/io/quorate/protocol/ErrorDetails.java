package io.quorate.protocol;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;

/** What an error tells beside its code and text (native protocol v5, section 8). */
public sealed interface ErrorDetails {

  /** Nothing more. */
  record None() implements ErrorDetails {
    static final None INSTANCE = new None();
  }

  /** Too few replicas were alive to start. */
  record Unavailable(ConsistencyLevel consistency, int required, int alive)
      implements ErrorDetails {}

  /** The write was started and its outcome is unknown. */
  record WriteTimeout(ConsistencyLevel consistency, int received, int required, WriteType writeType)
      implements ErrorDetails {}

  /** Too few replicas answered in time. */
  record ReadTimeout(ConsistencyLevel consistency, int received, int required, boolean dataPresent)
      implements ErrorDetails {}

  /**
   * Replicas failed to read.
   *
   * @param failures how many (version 4)
   * @param reasons a code for each replica that failed, as far as known (version 5)
   */
  record ReadFailure(
      ConsistencyLevel consistency,
      int received,
      int required,
      int failures,
      Map<InetAddress, Integer> reasons,
      boolean dataPresent)
      implements ErrorDetails {}

  /** Replicas failed to write; the write may still be there on others. */
  record WriteFailure(
      ConsistencyLevel consistency,
      int received,
      int required,
      int failures,
      Map<InetAddress, Integer> reasons,
      WriteType writeType)
      implements ErrorDetails {}

  /** A conditional update whose outcome is unknown. */
  record CasWriteUnknown(ConsistencyLevel consistency, int received, int required)
      implements ErrorDetails {}

  record FunctionFailure(String keyspace, String function, List<String> argumentTypes)
      implements ErrorDetails {
    public FunctionFailure {
      argumentTypes = List.copyOf(argumentTypes);
    }
  }

  /** A keyspace (then {@code table} is empty) or table of this name is there. */
  record AlreadyExists(String keyspace, String table) implements ErrorDetails {}

  /** The statement must be prepared again, here. */
  record Unprepared(Md5 statementId) implements ErrorDetails {}
}
