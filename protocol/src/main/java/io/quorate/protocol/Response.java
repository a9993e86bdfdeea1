package io.quorate.protocol;

import java.net.InetSocketAddress;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a server answers, or tells unasked (native protocol v5, section 4.2). Immutable. */
public sealed interface Response {

  Opcode opcode();

  /** The request was not done, or not in full. */
  record Failure(ErrorCode code, String message, ErrorDetails details) implements Response {
    public Failure(ErrorCode code, String message) {
      this(code, message, ErrorDetails.None.INSTANCE);
    }

    @Override
    public Opcode opcode() {
      return Opcode.ERROR;
    }
  }

  /** The connection is open. */
  record Ready() implements Response {
    @Override
    public Opcode opcode() {
      return Opcode.READY;
    }
  }

  /** The client must authenticate. */
  record Authenticate(String authenticator) implements Response {
    @Override
    public Opcode opcode() {
      return Opcode.AUTHENTICATE;
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // messages are never compared
  record AuthChallenge(byte @Nullable [] token) implements Response {
    @Override
    public Opcode opcode() {
      return Opcode.AUTH_CHALLENGE;
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // messages are never compared
  record AuthSuccess(byte @Nullable [] token) implements Response {
    @Override
    public Opcode opcode() {
      return Opcode.AUTH_SUCCESS;
    }
  }

  record Supported(Map<String, List<String>> options) implements Response {
    public Supported {
      options = Collections.unmodifiableMap(new LinkedHashMap<>(options));
    }

    @Override
    public Opcode opcode() {
      return Opcode.SUPPORTED;
    }
  }

  /** Any of the results of a query. */
  sealed interface Result extends Response {
    @Override
    default Opcode opcode() {
      return Opcode.RESULT;
    }
  }

  /** Done, and nothing to tell. */
  record VoidResult() implements Result {
    public static final VoidResult INSTANCE = new VoidResult();
  }

  /**
   * Rows, already in the form in which they are sent: for each row, for each column {@code i32
   * length | bytes}.
   *
   * @param sendMetadata whether the columns are told too
   * @param metadataChanged whether the client must learn a new metadata id (version 5)
   * @param pagingState leads to the next page; null on the last
   * @param rows only the first {@code rowsLength} bytes count
   */
  @SuppressWarnings("ArrayRecordComponent") // messages are never compared
  record Rows(
      ResultMetadata metadata,
      boolean sendMetadata,
      boolean metadataChanged,
      byte @Nullable [] pagingState,
      int rowCount,
      byte[] rows,
      int rowsLength)
      implements Result {}

  record SetKeyspace(String keyspace) implements Result {}

  /**
   * A statement is prepared.
   *
   * @param partitionKeyIndexes for each column of the partition key, the marker that gives it; none
   *     if not all are markers
   */
  record Prepared(
      Md5 statementId,
      ResultMetadata markers,
      List<Integer> partitionKeyIndexes,
      ResultMetadata result)
      implements Result {
    public Prepared {
      partitionKeyIndexes = List.copyOf(partitionKeyIndexes);
    }
  }

  record SchemaChanged(SchemaChange change) implements Result {}

  /** Told to whoever registered. */
  sealed interface Event extends Response {
    @Override
    default Opcode opcode() {
      return Opcode.EVENT;
    }

    Type type();

    /** What can be registered for. */
    enum Type {
      TOPOLOGY_CHANGE,
      STATUS_CHANGE,
      SCHEMA_CHANGE
    }
  }

  /** A node came or went. */
  record TopologyEvent(Membership change, InetSocketAddress node) implements Event {
    @Override
    public Type type() {
      return Type.TOPOLOGY_CHANGE;
    }

    /** What it did. */
    public enum Membership {
      NEW_NODE,
      REMOVED_NODE,
      MOVED_NODE
    }
  }

  /** A node went up or down. */
  record StatusEvent(Status change, InetSocketAddress node) implements Event {
    @Override
    public Type type() {
      return Type.STATUS_CHANGE;
    }

    /** What it is now. */
    public enum Status {
      UP,
      DOWN
    }
  }

  record SchemaEvent(SchemaChange change) implements Event {
    @Override
    public Type type() {
      return Type.SCHEMA_CHANGE;
    }
  }
}
