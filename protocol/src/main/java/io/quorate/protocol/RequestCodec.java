package io.quorate.protocol;

import io.quorate.protocol.types.ByteSink;
import java.util.ArrayList;
import java.util.List;

/**
 * Requests from and to the bodies of envelopes (native protocol v5, section 4.1).
 *
 * <pre>
 * body := [bytes map custom payload, if flagged] | message
 * QUERY    long string query | parameters
 * PREPARE  long string query | v5: i32 flags | [string keyspace if flag 1]
 * EXECUTE  short bytes id | v5: short bytes result metadata id | parameters
 * BATCH    u8 kind | u16 n | n times: u8 0, long string query or u8 1, short bytes id; values
 *          | parameters of a batch
 * STARTUP  string map     REGISTER  string list     AUTH_RESPONSE  bytes     OPTIONS  nothing
 * </pre>
 */
public final class RequestCodec {
  private RequestCodec() {}

  private static final int PREPARE_KEYSPACE = 0x01;

  /**
   * The request in an envelope.
   *
   * @throws ProtocolException if there is none
   */
  public static Request decode(Envelope envelope) {
    MessageReader in = new MessageReader(envelope.body());
    if (envelope.has(Envelope.FLAG_CUSTOM_PAYLOAD)) {
      in.skipBytesMap();
    }
    ProtocolVersion version = envelope.version();
    return switch (envelope.opcode()) {
      case STARTUP -> new Request.Startup(in.stringMap());
      case OPTIONS -> new Request.Options();
      case REGISTER -> register(in);
      case AUTH_RESPONSE -> new Request.AuthResponse(in.value());
      case QUERY -> new Request.Query(in.longString(), QueryParameters.read(in, version));
      case PREPARE -> prepare(in, version);
      case EXECUTE ->
          new Request.Execute(
              in.md5(),
              version == ProtocolVersion.V5 ? in.md5() : null,
              QueryParameters.read(in, version));
      case BATCH -> batch(in, version);
      case ERROR, READY, AUTHENTICATE, SUPPORTED, RESULT, EVENT, AUTH_CHALLENGE, AUTH_SUCCESS ->
          throw new ProtocolException("Not a request: " + envelope.opcode());
    };
  }

  private static Request.Register register(MessageReader in) {
    int count = in.unsignedShort();
    List<Response.Event.Type> types = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      types.add(in.name(Response.Event.Type.class));
    }
    return new Request.Register(types);
  }

  private static Request.Prepare prepare(MessageReader in, ProtocolVersion version) {
    String query = in.longString();
    boolean hasKeyspace = version == ProtocolVersion.V5 && (in.readInt() & PREPARE_KEYSPACE) != 0;
    return new Request.Prepare(query, hasKeyspace ? in.string() : null);
  }

  private static Request.Batch batch(MessageReader in, ProtocolVersion version) {
    int kindCode = in.unsignedByte();
    Request.Batch.Kind[] kinds = Request.Batch.Kind.values();
    if (kindCode >= kinds.length) {
      throw new ProtocolException("Invalid BATCH message type " + kindCode);
    }
    int count = in.unsignedShort();
    List<Request.Batch.Statement> statements = new ArrayList<>(Math.min(count, 1024));
    for (int i = 0; i < count; i++) {
      int form = in.unsignedByte();
      statements.add(
          switch (form) {
            case 0 -> new Request.Batch.Text(in.longString(), BoundValues.read(in, false));
            case 1 -> new Request.Batch.Prepared(in.md5(), BoundValues.read(in, false));
            default ->
                throw new ProtocolException(
                    "Invalid query kind in BATCH messages. Must be 0 or 1 but got " + form);
          });
    }
    return new Request.Batch(kinds[kindCode], statements, QueryParameters.readOfBatch(in, version));
  }

  /** Appends the body of a request. */
  static void encode(Request request, ProtocolVersion version, ByteSink out) {
    if (request instanceof Request.Startup startup) {
      MessageWriter.stringMap(startup.options(), out);
    } else if (request instanceof Request.Register register) {
      MessageWriter.stringList(register.types().stream().map(Enum::name).toList(), out);
    } else if (request instanceof Request.AuthResponse auth) {
      MessageWriter.value(auth.token(), out);
    } else if (request instanceof Request.Query query) {
      MessageWriter.longString(query.query(), out);
      query.parameters().write(version, out);
    } else if (request instanceof Request.Prepare prepare) {
      encodePrepare(prepare, version, out);
    } else if (request instanceof Request.Execute execute) {
      MessageWriter.md5(execute.statementId(), out);
      if (version == ProtocolVersion.V5) {
        Md5 metadataId = execute.resultMetadataId();
        MessageWriter.md5(metadataId == null ? new Md5(0, 0) : metadataId, out);
      }
      execute.parameters().write(version, out);
    } else if (request instanceof Request.Batch batch) {
      encodeBatch(batch, version, out);
    }
  }

  private static void encodePrepare(
      Request.Prepare prepare, ProtocolVersion version, ByteSink out) {
    MessageWriter.longString(prepare.query(), out);
    String keyspace = prepare.keyspace();
    if (version == ProtocolVersion.V5) {
      out.writeInt(keyspace == null ? 0 : PREPARE_KEYSPACE);
      if (keyspace != null) {
        MessageWriter.string(keyspace, out);
      }
    }
  }

  private static void encodeBatch(Request.Batch batch, ProtocolVersion version, ByteSink out) {
    out.writeByte(kindCode(batch.kind()));
    out.writeShort(batch.statements().size());
    for (Request.Batch.Statement statement : batch.statements()) {
      if (statement instanceof Request.Batch.Text text) {
        out.writeByte(0);
        MessageWriter.longString(text.query(), out);
      } else if (statement instanceof Request.Batch.Prepared prepared) {
        out.writeByte(1);
        MessageWriter.md5(prepared.statementId(), out);
      }
      statement.values().write(out);
    }
    batch.parameters().writeOfBatch(version, out);
  }

  private static int kindCode(Request.Batch.Kind kind) {
    return switch (kind) {
      case LOGGED -> 0;
      case UNLOGGED -> 1;
      case COUNTER -> 2;
    };
  }
}
