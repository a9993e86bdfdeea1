package io.quorate.protocol;

import io.quorate.protocol.types.ByteSink;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Errors on the wire (native protocol v5, section 8).
 *
 * <pre>
 * error := i32 code | string message | by code:
 * unavailable     u16 consistency | i32 required | i32 alive
 * write timeout   u16 consistency | i32 received | i32 required | string write type | CAS, v5: u16 0
 * read timeout    u16 consistency | i32 received | i32 required | u8 data present
 * read failure    u16 consistency | i32 received | i32 required | reasons | u8 data present
 * write failure   u16 consistency | i32 received | i32 required | reasons | string write type
 * CAS unknown     u16 consistency | i32 received | i32 required
 * function        string keyspace | string function | string list argument types
 * already exists  string keyspace | string table
 * unprepared      short bytes id
 * reasons := i32 n | v5: n times: u8 length, address, u16 code
 * </pre>
 */
final class ErrorCodec {
  private ErrorCodec() {}

  static void encode(Response.Failure error, ProtocolVersion version, ByteSink out) {
    out.writeInt(error.code().code());
    MessageWriter.string(shortened(error.message()), out);
    ErrorDetails details = error.details();
    if (details instanceof ErrorDetails.Unavailable it) {
      MessageWriter.consistency(it.consistency(), out);
      out.writeInt(it.required());
      out.writeInt(it.alive());
    } else if (details instanceof ErrorDetails.WriteTimeout it) {
      counts(it.consistency(), it.received(), it.required(), out);
      MessageWriter.string(it.writeType().name(), out);
      if (it.writeType() == WriteType.CAS && version == ProtocolVersion.V5) {
        out.writeShort(0);
      }
    } else if (details instanceof ErrorDetails.ReadTimeout it) {
      counts(it.consistency(), it.received(), it.required(), out);
      out.writeByte(it.dataPresent() ? 1 : 0);
    } else if (details instanceof ErrorDetails.ReadFailure it) {
      counts(it.consistency(), it.received(), it.required(), out);
      reasons(it.failures(), it.reasons(), version, out);
      out.writeByte(it.dataPresent() ? 1 : 0);
    } else if (details instanceof ErrorDetails.WriteFailure it) {
      counts(it.consistency(), it.received(), it.required(), out);
      reasons(it.failures(), it.reasons(), version, out);
      MessageWriter.string(it.writeType().name(), out);
    } else if (details instanceof ErrorDetails.CasWriteUnknown it) {
      counts(it.consistency(), it.received(), it.required(), out);
    } else if (details instanceof ErrorDetails.FunctionFailure it) {
      MessageWriter.string(it.keyspace(), out);
      MessageWriter.string(it.function(), out);
      MessageWriter.stringList(it.argumentTypes(), out);
    } else if (details instanceof ErrorDetails.AlreadyExists it) {
      MessageWriter.string(it.keyspace(), out);
      MessageWriter.string(it.table(), out);
    } else if (details instanceof ErrorDetails.Unprepared it) {
      MessageWriter.md5(it.statementId(), out);
    }
  }

  /** A message repeats what the user sent, which may be longer than a string can be. */
  private static String shortened(String message) {
    int limit = 16_000;
    return message.length() <= limit ? message : message.substring(0, limit) + "...";
  }

  private static void counts(
      ConsistencyLevel consistency, int received, int required, ByteSink out) {
    MessageWriter.consistency(consistency, out);
    out.writeInt(received);
    out.writeInt(required);
  }

  private static void reasons(
      int failures, Map<InetAddress, Integer> reasons, ProtocolVersion version, ByteSink out) {
    out.writeInt(version == ProtocolVersion.V5 ? reasons.size() : failures);
    if (version == ProtocolVersion.V5) {
      reasons.forEach((address, code) -> {
        MessageWriter.address(address, out);
        out.writeShort(code);
      });
    }
  }

  static Response.Failure decode(MessageReader in, ProtocolVersion version) {
    ErrorCode code = ErrorCode.ofCode(in.readInt());
    String message = in.string();
    return new Response.Failure(code, message, details(code, in, version));
  }

  private static ErrorDetails details(ErrorCode code, MessageReader in, ProtocolVersion version) {
    return switch (code) {
      case UNAVAILABLE ->
          new ErrorDetails.Unavailable(in.consistency(), in.readInt(), in.readInt());
      case WRITE_TIMEOUT ->
          new ErrorDetails.WriteTimeout(
              in.consistency(), in.readInt(), in.readInt(), in.name(WriteType.class));
      case READ_TIMEOUT ->
          new ErrorDetails.ReadTimeout(
              in.consistency(), in.readInt(), in.readInt(), in.unsignedByte() != 0);
      case READ_FAILURE -> readFailure(in, version);
      case WRITE_FAILURE -> writeFailure(in, version);
      case CAS_WRITE_UNKNOWN ->
          new ErrorDetails.CasWriteUnknown(in.consistency(), in.readInt(), in.readInt());
      case FUNCTION_FAILURE ->
          new ErrorDetails.FunctionFailure(in.string(), in.string(), in.stringList());
      case ALREADY_EXISTS -> new ErrorDetails.AlreadyExists(in.string(), in.string());
      case UNPREPARED -> new ErrorDetails.Unprepared(in.md5());
      case SERVER_ERROR,
          PROTOCOL_ERROR,
          BAD_CREDENTIALS,
          OVERLOADED,
          IS_BOOTSTRAPPING,
          TRUNCATE_ERROR,
          CDC_WRITE_FAILURE,
          SYNTAX_ERROR,
          UNAUTHORIZED,
          INVALID,
          CONFIG_ERROR ->
          ErrorDetails.None.INSTANCE;
    };
  }

  private static ErrorDetails readFailure(MessageReader in, ProtocolVersion version) {
    ConsistencyLevel consistency = in.consistency();
    int received = in.readInt();
    int required = in.readInt();
    int failures = in.readInt();
    return new ErrorDetails.ReadFailure(
        consistency,
        received,
        required,
        failures,
        reasons(failures, in, version),
        in.unsignedByte() != 0);
  }

  private static ErrorDetails writeFailure(MessageReader in, ProtocolVersion version) {
    ConsistencyLevel consistency = in.consistency();
    int received = in.readInt();
    int required = in.readInt();
    int failures = in.readInt();
    return new ErrorDetails.WriteFailure(
        consistency,
        received,
        required,
        failures,
        reasons(failures, in, version),
        in.name(WriteType.class));
  }

  private static Map<InetAddress, Integer> reasons(
      int count, MessageReader in, ProtocolVersion version) {
    Map<InetAddress, Integer> reasons = new LinkedHashMap<>();
    if (version == ProtocolVersion.V5) {
      for (int i = 0; i < count; i++) {
        reasons.put(in.address(), in.unsignedShort());
      }
    }
    return reasons;
  }
}
