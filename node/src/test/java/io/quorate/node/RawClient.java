package io.quorate.node;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/** A connection on which a test says what no driver would. Speaks version 4, without segments. */
final class RawClient implements AutoCloseable {
  static final int ERROR = 0x00;
  static final int STARTUP = 0x01;
  static final int READY = 0x02;
  static final int OPTIONS = 0x05;
  static final int SUPPORTED = 0x06;
  static final int QUERY = 0x07;
  static final int RESULT = 0x08;
  static final int PREPARE = 0x09;
  static final int EXECUTE = 0x0A;
  static final int BATCH = 0x0D;

  static final int PROTOCOL_ERROR = 0x000A;
  static final int SYNTAX_ERROR = 0x2000;
  static final int INVALID = 0x2200;
  static final int UNPREPARED = 0x2500;

  private static final int QUORUM = 4;
  private static final int VALUES = 1;

  private final Socket socket = new Socket();

  /** What came back. */
  @SuppressWarnings("ArrayRecordComponent") // answers are never compared
  record Answer(int version, int stream, int opcode, byte[] body) {
    int errorCode() {
      return opcode == ERROR ? int32(body, 0) : -1;
    }

    String errorMessage() {
      int length = (body[4] & 0xFF) << 8 | (body[5] & 0xFF);
      return new String(body, 6, length, StandardCharsets.UTF_8);
    }

    private static int int32(byte[] bytes, int at) {
      return (bytes[at] & 0xFF) << 24
          | (bytes[at + 1] & 0xFF) << 16
          | (bytes[at + 2] & 0xFF) << 8
          | (bytes[at + 3] & 0xFF);
    }
  }

  /** Fills a body; lambdas that write may throw. */
  interface Body {
    void write(DataOutputStream out) throws IOException;
  }

  RawClient(String host, int port) throws IOException {
    socket.connect(new InetSocketAddress(host, port), 5_000);
    socket.setSoTimeout(10_000);
    socket.setTcpNoDelay(true);
  }

  static byte[] bytes(Body body) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    body.write(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }

  static byte[] frame(int version, int stream, int opcode, byte[] body) throws IOException {
    return header(version, stream, opcode, body.length, body);
  }

  /** A frame whose header claims {@code length}, whatever follows. */
  static byte[] header(int version, int stream, int opcode, int length, byte[] body)
      throws IOException {
    return bytes(out -> {
      out.writeByte(version);
      out.writeByte(0);
      out.writeShort(stream);
      out.writeByte(opcode);
      out.writeInt(length);
      out.write(body);
    });
  }

  static byte[] startupBody() throws IOException {
    return bytes(out -> {
      out.writeShort(1);
      string(out, "CQL_VERSION");
      string(out, "3.0.0");
    });
  }

  static byte[] queryBody(byte[] cql, byte[]... values) throws IOException {
    return bytes(out -> {
      longString(out, cql);
      parameters(out, values);
    });
  }

  /** A query for one page of ten rows. */
  static byte[] pageBody(String cql, byte[] pagingState) throws IOException {
    return bytes(out -> {
      longString(out, cql.getBytes(StandardCharsets.UTF_8));
      out.writeShort(1);
      out.writeByte(0x04 | 0x08);
      out.writeInt(10);
      out.writeInt(pagingState.length);
      out.write(pagingState);
    });
  }

  static byte[] executeBody(byte[] id, byte[]... values) throws IOException {
    return bytes(out -> {
      out.writeShort(id.length);
      out.write(id);
      parameters(out, values);
    });
  }

  static byte[] prepareBody(String cql) throws IOException {
    return bytes(out -> longString(out, cql.getBytes(StandardCharsets.UTF_8)));
  }

  private static void string(DataOutputStream out, String text) throws IOException {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    out.writeShort(utf8.length);
    out.write(utf8);
  }

  private static void longString(DataOutputStream out, byte[] utf8) throws IOException {
    out.writeInt(utf8.length);
    out.write(utf8);
  }

  private static void parameters(DataOutputStream out, byte[]... values) throws IOException {
    out.writeShort(QUORUM);
    out.writeByte(values.length == 0 ? 0 : VALUES);
    if (values.length > 0) {
      out.writeShort(values.length);
      for (byte[] value : values) {
        longString(out, value);
      }
    }
  }

  RawClient startUp() throws IOException {
    Answer answer = ask(STARTUP, startupBody());
    if (answer.opcode() != READY) {
      throw new IOException("not READY but " + answer);
    }
    return this;
  }

  Answer ask(int opcode, byte[] body) throws IOException {
    send(frame(4, 1, opcode, body));
    return read();
  }

  Answer query(String cql, byte[]... values) throws IOException {
    return ask(QUERY, queryBody(cql.getBytes(StandardCharsets.UTF_8), values));
  }

  /** Prepares a statement and returns its id. */
  byte[] prepare(String cql) throws IOException {
    Answer answer = ask(PREPARE, prepareBody(cql));
    if (answer.opcode() != RESULT) {
      throw new IOException(cql + ": " + answer.errorMessage());
    }
    byte[] id = new byte[16];
    System.arraycopy(answer.body(), 6, id, 0, id.length);
    return id;
  }

  void send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
  }

  Answer read() throws IOException {
    DataInputStream in = new DataInputStream(socket.getInputStream());
    int version = in.readUnsignedByte();
    in.readUnsignedByte();
    int stream = in.readShort();
    int opcode = in.readUnsignedByte();
    byte[] body = new byte[in.readInt()];
    in.readFully(body);
    return new Answer(version, stream, opcode, body);
  }

  /** Says that nothing more will come. */
  RawClient endOfInput() throws IOException {
    socket.shutdownOutput();
    return this;
  }

  /** Everything that comes until the server closes; a reset counts as closing. */
  byte[] readToEnd() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    byte[] chunk = new byte[4096];
    try {
      for (int n; (n = socket.getInputStream().read(chunk)) >= 0; ) {
        all.write(chunk, 0, n);
      }
    } catch (SocketTimeoutException e) {
      throw new IOException("the server did not close", e);
    } catch (IOException reset) {
      return all.toByteArray();
    }
    return all.toByteArray();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
