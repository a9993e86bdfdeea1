package io.quorate.node;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.quorate.environment.Network.Connection;
import io.quorate.environment.Network.Handler;
import io.quorate.protocol.Compression;
import io.quorate.protocol.Envelope;
import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.FrameDecoder;
import io.quorate.protocol.FrameEncoder;
import io.quorate.protocol.FrameException;
import io.quorate.protocol.ProtocolException;
import io.quorate.protocol.ProtocolVersion;
import io.quorate.protocol.Request;
import io.quorate.protocol.RequestCodec;
import io.quorate.protocol.Response;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection: agrees on version and compression, hands requests to the processor, and
 * sends what several requests of one batch brought in one write. Owned by its shard.
 */
final class CqlConnection implements Handler {
  private static final Logger log = LoggerFactory.getLogger(CqlConnection.class);

  /** Requests under way on one connection before it is not read from any more. */
  private static final int MAX_IN_FLIGHT = 4_096;

  private final Connection connection;
  private final CqlServer.Processor.Session session;
  private final Consumer<CqlConnection> onClosed;
  private final FrameDecoder decoder = new FrameDecoder(FrameDecoder.Receives.REQUESTS);
  private final FrameEncoder encoder = new FrameEncoder();
  private final Set<Response.Event.Type> registered = EnumSet.noneOf(Response.Event.Type.class);
  private final Runnable flush = this::flush;
  private @Nullable ProtocolVersion version;
  private boolean started;
  private boolean flushScheduled;
  private boolean closed;
  private boolean paused;
  private boolean heard;
  private int inFlight;

  CqlConnection(
      Connection connection,
      CqlServer.Processor.Session session,
      Consumer<CqlConnection> onClosed) {
    this.connection = connection;
    this.session = session;
    this.onClosed = onClosed;
  }

  @Override
  public void received(ByteBuf bytes) {
    if (closed) {
      bytes.skipBytes(bytes.readableBytes());
      return;
    }
    try {
      decoder.decode(bytes, this::received);
    } catch (FrameException e) {
      log.debug("closing {}: {}", connection.remote(), e.getMessage());
      respond(
          e.answerVersion(),
          e.stream(),
          new Response.Failure(ErrorCode.PROTOCOL_ERROR, String.valueOf(e.getMessage())));
      flush();
      close();
    }
  }

  private void received(Envelope envelope) {
    if (version != null && version != envelope.version()) {
      respond(
          envelope.version(),
          envelope.stream(),
          protocolError(
              "Invalid message version. Got "
                  + envelope.version().number()
                  + " but previous messages on this connection had version "
                  + version.number()));
      return;
    }
    Request request;
    try {
      request = RequestCodec.decode(envelope);
    } catch (ProtocolException e) {
      respond(envelope.version(), envelope.stream(), protocolError(String.valueOf(e.getMessage())));
      return;
    }
    handle(envelope, request);
  }

  private static Response protocolError(String message) {
    return new Response.Failure(ErrorCode.PROTOCOL_ERROR, message);
  }

  private void handle(Envelope envelope, Request request) {
    if (request instanceof Request.Options) {
      respond(envelope.version(), envelope.stream(), supported());
    } else if (request instanceof Request.Startup startup) {
      start(envelope, startup);
    } else if (!started) {
      respond(
          envelope.version(),
          envelope.stream(),
          protocolError(
              "Unexpected message " + envelope.opcode() + ", expecting STARTUP or OPTIONS"));
    } else if (request instanceof Request.Register register) {
      registered.addAll(register.types());
      respond(envelope.version(), envelope.stream(), new Response.Ready());
    } else {
      process(envelope.version(), envelope.stream(), request);
    }
  }

  private static Response supported() {
    Map<String, List<String>> options = new LinkedHashMap<>();
    options.put("PROTOCOL_VERSIONS", List.of("4/v4", "5/v5"));
    options.put("COMPRESSION", List.of(Compression.NAME));
    options.put("CQL_VERSION", List.of("3.4.7"));
    return new Response.Supported(options);
  }

  private void start(Envelope envelope, Request.Startup startup) {
    if (!startup.options().containsKey(Request.Startup.CQL_VERSION)) {
      respond(
          envelope.version(),
          envelope.stream(),
          protocolError("Missing value CQL_VERSION in STARTUP message"));
      return;
    }
    String compression = startup.options().get(Request.Startup.COMPRESSION);
    if (compression != null && !compression.toLowerCase(Locale.ROOT).equals(Compression.NAME)) {
      respond(
          envelope.version(),
          envelope.stream(),
          protocolError("Unknown compression algorithm: " + compression));
      return;
    }
    respond(envelope.version(), envelope.stream(), new Response.Ready());
    if (started) {
      return;
    }
    started = true;
    version = envelope.version();
    if (version == ProtocolVersion.V5) {
      encoder.useSegments();
      decoder.expectSegments();
    }
    if (compression != null) {
      Compression lz4 = Compression.lz4();
      encoder.useCompression(lz4);
      decoder.expectCompression(lz4);
    }
  }

  private void process(ProtocolVersion spoken, int stream, Request request) {
    heard = true;
    if (++inFlight >= MAX_IN_FLIGHT) {
      pauseReading();
    }
    session.process(
        request,
        response -> {
          inFlight--;
          respond(spoken, stream, response);
          if (paused && inFlight < MAX_IN_FLIGHT / 2 && connection.isWritable()) {
            resumeReading();
          }
        });
  }

  private void pauseReading() {
    if (!paused) {
      paused = true;
      connection.setReading(false);
    }
  }

  private void resumeReading() {
    paused = false;
    connection.setReading(true);
  }

  private void respond(ProtocolVersion spoken, int stream, Response response) {
    if (closed) {
      return;
    }
    try {
      encoder.add(spoken, stream, response);
    } catch (ProtocolException e) {
      encoder.add(
          spoken,
          stream,
          new Response.Failure(ErrorCode.SERVER_ERROR, String.valueOf(e.getMessage())));
    }
    if (!flushScheduled) {
      flushScheduled = true;
      connection.shard().afterCurrentBatch(flush);
    }
  }

  private void flush() {
    flushScheduled = false;
    if (closed || encoder.isEmpty()) {
      return;
    }
    ByteBuf out = PooledByteBufAllocator.DEFAULT.ioBuffer(encoder.pendingBytes() + 64);
    encoder.flush(out);
    connection.write(out);
    if (!connection.isWritable()) {
      pauseReading();
    }
  }

  @Override
  public void writable() {
    if (paused && inFlight < MAX_IN_FLIGHT) {
      resumeReading();
    }
  }

  /** Tells an event, if this client asked for its type. */
  void tell(Response.Event event) {
    if (started && version != null && registered.contains(event.type())) {
      respond(version, -1, event);
    }
  }

  boolean isIdle() {
    return inFlight == 0;
  }

  /** Whether no request is under way and none has come since this was asked before. */
  boolean wasQuiet() {
    boolean quiet = inFlight == 0 && !heard;
    heard = false;
    return quiet;
  }

  /** Sends what is answered, and closes. */
  void end() {
    flush();
    close();
  }

  private void close() {
    connection.close();
    closed();
  }

  @Override
  public void closed() {
    if (!closed) {
      closed = true;
      onClosed.accept(this);
    }
  }
}
