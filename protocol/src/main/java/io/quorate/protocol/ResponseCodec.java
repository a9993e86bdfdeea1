package io.quorate.protocol;

import io.quorate.protocol.types.ByteSink;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Responses from and to the bodies of envelopes (native protocol v5, section 4.2).
 *
 * <pre>
 * body := [uuid trace] | [string list warnings] | [bytes map custom payload] | message
 * RESULT   i32 kind | 1 void | 2 rows: metadata, i32 n, rows | 3 string keyspace
 *          | 4 prepared: short bytes id, v5 short bytes result metadata id, markers, metadata
 *          | 5 schema change
 * metadata i32 flags | i32 columns | [bytes paging state] | [short bytes new id] | [specs]
 * markers  i32 flags | i32 columns | i32 n | n times u16 partition key index | specs
 * </pre>
 */
public final class ResponseCodec {
  private ResponseCodec() {}

  private static final int VOID = 1;
  private static final int ROWS = 2;
  private static final int SET_KEYSPACE = 3;
  private static final int PREPARED = 4;
  private static final int SCHEMA_CHANGE = 5;

  /**
   * The response in an envelope. Its warnings and trace are skipped, see {@link #warnings}.
   *
   * @param known the columns of the result where the server need not tell them
   * @throws ProtocolException if there is no response
   */
  public static Response decode(Envelope envelope, @Nullable ResultMetadata known) {
    MessageReader in = new MessageReader(envelope.body());
    readWarnings(envelope, in);
    return switch (envelope.opcode()) {
      case ERROR -> ErrorCodec.decode(in, envelope.version());
      case READY -> new Response.Ready();
      case AUTHENTICATE -> new Response.Authenticate(in.string());
      case SUPPORTED -> new Response.Supported(in.stringMultimap());
      case RESULT -> result(in, envelope.version(), known);
      case EVENT -> event(in);
      case AUTH_CHALLENGE -> new Response.AuthChallenge(in.value());
      case AUTH_SUCCESS -> new Response.AuthSuccess(in.value());
      case STARTUP, OPTIONS, QUERY, PREPARE, EXECUTE, REGISTER, BATCH, AUTH_RESPONSE ->
          throw new ProtocolException("Not a response: " + envelope.opcode());
    };
  }

  /** The warnings that came with a response. */
  public static List<String> warnings(Envelope envelope) {
    return readWarnings(envelope, new MessageReader(envelope.body()));
  }

  private static List<String> readWarnings(Envelope envelope, MessageReader in) {
    if (envelope.isTraced()) {
      in.uuid();
    }
    List<String> warnings = envelope.has(Envelope.FLAG_WARNING) ? in.stringList() : List.of();
    if (envelope.has(Envelope.FLAG_CUSTOM_PAYLOAD)) {
      in.skipBytesMap();
    }
    return warnings;
  }

  private static Response.Result result(
      MessageReader in, ProtocolVersion version, @Nullable ResultMetadata known) {
    int kind = in.readInt();
    return switch (kind) {
      case VOID -> Response.VoidResult.INSTANCE;
      case ROWS -> rows(in, known);
      case SET_KEYSPACE -> new Response.SetKeyspace(in.string());
      case PREPARED -> prepared(in, version);
      case SCHEMA_CHANGE -> new Response.SchemaChanged(SchemaChange.read(in));
      default -> throw new ProtocolException("Unknown kind of result " + kind);
    };
  }

  private static Response.Rows rows(MessageReader in, @Nullable ResultMetadata known) {
    int flags = in.readInt();
    int columnCount = in.readInt();
    byte[] pagingState = (flags & ResultMetadata.HAS_MORE_PAGES) != 0 ? in.value() : null;
    boolean changed = (flags & ResultMetadata.METADATA_CHANGED) != 0;
    Md5 newId = changed ? in.md5() : null;
    boolean told = (flags & ResultMetadata.NO_METADATA) == 0;
    ResultMetadata metadata =
        told ? ResultMetadata.readSpecs(in, columnCount, flags, newId) : known;
    if (metadata == null) {
      throw new ProtocolException("Rows of unknown columns");
    }
    if (metadata.columns().size() != columnCount) {
      throw new ProtocolException(
          "Rows of " + columnCount + " columns where " + metadata.columns().size() + " were told");
    }
    int rowCount = in.readInt();
    byte[] rows = Arrays.copyOfRange(in.bytes(), in.position(), in.bytes().length);
    return new Response.Rows(metadata, told, changed, pagingState, rowCount, rows, rows.length);
  }

  private static Response.Prepared prepared(MessageReader in, ProtocolVersion version) {
    Md5 id = in.md5();
    Md5 resultId = version == ProtocolVersion.V5 ? in.md5() : null;
    int flags = in.readInt();
    int markerCount = in.readInt();
    int keyCount = in.readInt();
    List<Integer> keyIndexes = new ArrayList<>();
    for (int i = 0; i < keyCount; i++) {
      keyIndexes.add(in.unsignedShort());
    }
    ResultMetadata markers = ResultMetadata.readSpecs(in, markerCount, flags, null);
    int resultFlags = in.readInt();
    int columnCount = in.readInt();
    boolean hasColumns = (resultFlags & ResultMetadata.NO_METADATA) == 0;
    ResultMetadata result =
        ResultMetadata.readSpecs(in, hasColumns ? columnCount : 0, resultFlags, resultId);
    return new Response.Prepared(id, markers, keyIndexes, result);
  }

  private static Response.Event event(MessageReader in) {
    return switch (in.name(Response.Event.Type.class)) {
      case TOPOLOGY_CHANGE ->
          new Response.TopologyEvent(
              in.name(Response.TopologyEvent.Membership.class), in.socketAddress());
      case STATUS_CHANGE ->
          new Response.StatusEvent(in.name(Response.StatusEvent.Status.class), in.socketAddress());
      case SCHEMA_CHANGE -> new Response.SchemaEvent(SchemaChange.read(in));
    };
  }

  /** Appends the message of a response, without what may stand before it. */
  static void encode(Response response, ProtocolVersion version, ByteSink out) {
    if (response instanceof Response.Rows rows) {
      encodeRows(rows, version, out);
    } else if (response instanceof Response.VoidResult) {
      out.writeInt(VOID);
    } else if (response instanceof Response.Failure error) {
      ErrorCodec.encode(error, version, out);
    } else if (response instanceof Response.Prepared prepared) {
      encodePrepared(prepared, version, out);
    } else if (response instanceof Response.SetKeyspace set) {
      out.writeInt(SET_KEYSPACE);
      MessageWriter.string(set.keyspace(), out);
    } else if (response instanceof Response.SchemaChanged changed) {
      out.writeInt(SCHEMA_CHANGE);
      changed.change().write(out);
    } else if (response instanceof Response.Event event) {
      encodeEvent(event, out);
    } else if (response instanceof Response.Supported supported) {
      MessageWriter.stringMultimap(supported.options(), out);
    } else if (response instanceof Response.Authenticate authenticate) {
      MessageWriter.string(authenticate.authenticator(), out);
    } else if (response instanceof Response.AuthChallenge challenge) {
      MessageWriter.value(challenge.token(), out);
    } else if (response instanceof Response.AuthSuccess success) {
      MessageWriter.value(success.token(), out);
    }
  }

  private static void encodeRows(Response.Rows rows, ProtocolVersion version, ByteSink out) {
    ResultMetadata metadata = rows.metadata();
    byte[] pagingState = rows.pagingState();
    boolean changed = rows.metadataChanged() && version == ProtocolVersion.V5;
    boolean told = rows.sendMetadata() || changed;
    out.writeInt(ROWS);
    out.writeInt(
        (told ? metadata.flags() : ResultMetadata.NO_METADATA)
            | (pagingState != null ? ResultMetadata.HAS_MORE_PAGES : 0)
            | (changed ? ResultMetadata.METADATA_CHANGED : 0));
    out.writeInt(metadata.columns().size());
    if (pagingState != null) {
      MessageWriter.value(pagingState, out);
    }
    if (changed) {
      MessageWriter.md5(metadata.id(), out);
    }
    if (told) {
      metadata.writeSpecs(out);
    }
    out.writeInt(rows.rowCount());
    out.write(rows.rows(), 0, rows.rowsLength());
  }

  private static void encodePrepared(
      Response.Prepared prepared, ProtocolVersion version, ByteSink out) {
    out.writeInt(PREPARED);
    MessageWriter.md5(prepared.statementId(), out);
    ResultMetadata result = prepared.result();
    if (version == ProtocolVersion.V5) {
      MessageWriter.md5(result.id(), out);
    }
    out.writeInt(prepared.markers().flags());
    out.writeInt(prepared.markers().columns().size());
    out.writeInt(prepared.partitionKeyIndexes().size());
    for (int index : prepared.partitionKeyIndexes()) {
      out.writeShort(index);
    }
    prepared.markers().writeSpecs(out);
    boolean hasRows = !result.columns().isEmpty();
    out.writeInt(hasRows ? result.flags() : ResultMetadata.NO_METADATA);
    out.writeInt(result.columns().size());
    if (hasRows) {
      result.writeSpecs(out);
    }
  }

  private static void encodeEvent(Response.Event event, ByteSink out) {
    MessageWriter.string(event.type().name(), out);
    if (event instanceof Response.TopologyEvent topology) {
      MessageWriter.string(topology.change().name(), out);
      MessageWriter.socketAddress(topology.node(), out);
    } else if (event instanceof Response.StatusEvent status) {
      MessageWriter.string(status.change().name(), out);
      MessageWriter.socketAddress(status.node(), out);
    } else if (event instanceof Response.SchemaEvent schema) {
      schema.change().write(out);
    }
  }
}
