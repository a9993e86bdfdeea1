package io.quorate.protocol;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a client asks (native protocol v5, section 4.1). Immutable. */
public sealed interface Request {

  Opcode opcode();

  /** Opens a connection. */
  record Startup(Map<String, String> options) implements Request {
    public static final String CQL_VERSION = "CQL_VERSION";
    public static final String COMPRESSION = "COMPRESSION";

    public Startup {
      options = Collections.unmodifiableMap(new LinkedHashMap<>(options));
    }

    @Override
    public Opcode opcode() {
      return Opcode.STARTUP;
    }
  }

  /** Asks what the server supports. */
  record Options() implements Request {
    @Override
    public Opcode opcode() {
      return Opcode.OPTIONS;
    }
  }

  /** Asks for events of these types. */
  record Register(List<Response.Event.Type> types) implements Request {
    public Register {
      types = List.copyOf(types);
    }

    @Override
    public Opcode opcode() {
      return Opcode.REGISTER;
    }
  }

  /** A step of authentication. */
  @SuppressWarnings("ArrayRecordComponent") // messages are never compared
  record AuthResponse(byte @Nullable [] token) implements Request {
    @Override
    public Opcode opcode() {
      return Opcode.AUTH_RESPONSE;
    }
  }

  /** Runs one statement. */
  record Query(String query, QueryParameters parameters) implements Request {
    @Override
    public Opcode opcode() {
      return Opcode.QUERY;
    }
  }

  /**
   * Prepares one statement.
   *
   * @param keyspace in which names without one are looked up; null for the connection's (version 5)
   */
  record Prepare(String query, @Nullable String keyspace) implements Request {
    @Override
    public Opcode opcode() {
      return Opcode.PREPARE;
    }
  }

  /**
   * Runs a prepared statement.
   *
   * @param resultMetadataId of the result's columns as the client knows them (version 5)
   */
  record Execute(Md5 statementId, @Nullable Md5 resultMetadataId, QueryParameters parameters)
      implements Request {
    @Override
    public Opcode opcode() {
      return Opcode.EXECUTE;
    }
  }

  /** Runs several writes as one. */
  record Batch(Kind kind, List<Statement> statements, QueryParameters parameters)
      implements Request {
    public Batch {
      statements = List.copyOf(statements);
    }

    @Override
    public Opcode opcode() {
      return Opcode.BATCH;
    }

    /** What is promised about the batch as a whole. */
    public enum Kind {
      LOGGED,
      UNLOGGED,
      COUNTER
    }

    /** One of the writes: a text, or the id of a prepared one. */
    public sealed interface Statement {
      BoundValues values();
    }

    public record Text(String query, BoundValues values) implements Statement {}

    public record Prepared(Md5 statementId, BoundValues values) implements Statement {}
  }
}
