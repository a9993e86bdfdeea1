package io.quorate.client;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.quorate.protocol.Compression;
import io.quorate.protocol.Envelope;
import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.FrameDecoder;
import io.quorate.protocol.FrameEncoder;
import io.quorate.protocol.FrameException;
import io.quorate.protocol.Opcode;
import io.quorate.protocol.ProtocolException;
import io.quorate.protocol.ProtocolVersion;
import io.quorate.protocol.Request;
import io.quorate.protocol.Response;
import io.quorate.protocol.ResponseCodec;
import io.quorate.protocol.ResultMetadata;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection to one node: requests out under a stream id, responses in. Requests of one batch
 * of work leave in one write.
 *
 * <p>Owned by its event loop; {@link #send} may be called from any thread.
 */
final class Wire {
  /** Requests under way at once: the ids that fit the protocol's 15 bits, less a margin. */
  static final int MAX_STREAMS = 16_384;

  /** A connection on which nothing came for so long is asked for a sign of life. */
  private static final int HEARTBEAT_SECONDS = 2;

  /** Together less than a request may take, so that an idempotent one is tried elsewhere. */
  private static final int SILENCE_SECONDS = 4;

  private static final long SWEEP_MILLIS = 50;

  /** So many requests without a response say that the connection is of no use any more. */
  private static final int MAX_ORPHANS = 1_024;

  /** Takes what becomes of a request. Called on the event loop, once. */
  interface Callback {
    /** The columns of the result where the server need not tell them. */
    default @Nullable ResultMetadata known() {
      return null;
    }

    void responded(Response response, List<String> warnings);

    void failed(ConnectionError error);

    /** Whether the request may be given up here to be made elsewhere. */
    default boolean mayGoElsewhere() {
      return false;
    }
  }

  /** For requests whose answer nobody needs. */
  static final class IgnoringCallback implements Callback {
    @Override
    public void responded(Response response, List<String> warnings) {
      // That something came was noticed.
    }

    @Override
    public void failed(ConnectionError error) {
      // The connection's end is told to its listener.
    }
  }

  /** Hears of what concerns the connection as a whole. Called on the event loop. */
  interface Listener {
    void closed(Wire wire);

    void event(Response.Event event);
  }

  private final EventLoop loop;
  private final InetSocketAddress address;
  private final Listener listener;
  private final FrameDecoder decoder = new FrameDecoder(FrameDecoder.Receives.RESPONSES);
  private final FrameEncoder encoder = new FrameEncoder();
  private final @Nullable Callback[] waiting = new Callback[MAX_STREAMS];
  private final long[] deadlineNanos = new long[MAX_STREAMS];
  private final long requestTimeoutNanos;

  /** Ids that were in use and are free again, the last one first. */
  private int[] freeStreams = new int[64];

  private int freeCount;
  private int nextStream;
  private ProtocolVersion version = ProtocolVersion.NEWEST;
  private @Nullable Channel channel;
  private boolean flushScheduled;
  private boolean closed;
  private boolean downgraded;

  /** Whether anything came since the last heartbeat. */
  private boolean heard;

  private boolean asked;
  private long askedNanos;
  private volatile int inFlight;

  private Wire(
      EventLoop loop, InetSocketAddress address, long requestTimeoutNanos, Listener listener) {
    this.loop = loop;
    this.address = address;
    this.requestTimeoutNanos = requestTimeoutNanos;
    this.listener = listener;
  }

  InetSocketAddress address() {
    return address;
  }

  int inFlight() {
    return inFlight;
  }

  /** What both sides agreed on. Does not change once the wire is ready. */
  ProtocolVersion version() {
    return version;
  }

  /**
   * Connects, agrees on a version and, with a keyspace, uses it.
   *
   * @param opened called on the event loop with the wire or with what went wrong
   */
  static void open(
      EventLoop loop,
      InetSocketAddress address,
      SessionConfig config,
      Listener listener,
      Callback opened,
      Consumer<Wire> ready) {
    Wire wire = new Wire(loop, address, config.requestTimeout().toNanos(), listener);
    wire.connect(config, opened, ready);
  }

  private void connect(SessionConfig config, Callback opened, Consumer<Wire> ready) {
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(Epoll.isAvailable() ? EpollSocketChannel.class : NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(
                ChannelOption.CONNECT_TIMEOUT_MILLIS,
                (int) Math.min(Integer.MAX_VALUE, config.connectTimeout().toMillis()))
            .handler(new Inbound());
    bootstrap
        .connect(address)
        .addListener((ChannelFuture future) -> {
          if (!future.isSuccess()) {
            Throwable cause = future.cause();
            opened.failed(
                new ConnectionError(
                    "cannot connect to "
                        + text(address)
                        + (cause == null ? "" : ": " + cause.getMessage())));
            return;
          }
          channel = future.channel();
          startup(config, opened, ready);
        });
  }

  static String text(InetSocketAddress address) {
    return address.getHostString() + ":" + address.getPort();
  }

  private void startup(SessionConfig config, Callback opened, Consumer<Wire> ready) {
    Map<String, String> options = new LinkedHashMap<>();
    options.put(Request.Startup.CQL_VERSION, "3.0.0");
    options.put("DRIVER_NAME", "Quorate Java client");
    if (config.compression()) {
      options.put(Request.Startup.COMPRESSION, Compression.NAME);
    }
    sendOnLoop(
        new Request.Startup(options),
        new Callback() {
          @Override
          public void responded(Response response, List<String> warnings) {
            if (response instanceof Response.Ready) {
              agreed(config);
              useKeyspace(config, opened, ready);
            } else if (response instanceof Response.Failure failure
                && failure.code() == ErrorCode.PROTOCOL_ERROR
                && version == ProtocolVersion.V5
                && !downgraded) {
              downgrade(config, opened, ready);
            } else {
              fail(opened, "did not open the connection: " + describe(response));
            }
          }

          @Override
          public void failed(ConnectionError error) {
            if (version == ProtocolVersion.V5 && !downgraded) {
              downgrade(config, opened, ready);
            } else {
              opened.failed(error);
            }
          }
        });
  }

  private static String describe(Response response) {
    if (response instanceof Response.Failure failure) {
      return failure.message();
    }
    if (response instanceof Response.Authenticate) {
      return "it asks for authentication, which this driver does not have yet";
    }
    return response.toString();
  }

  private void fail(Callback opened, String why) {
    close();
    opened.failed(new ConnectionError(text(address) + " " + why));
  }

  /** A server that knows nothing newer than version 4 gets a new connection in its words. */
  private void downgrade(SessionConfig config, Callback opened, Consumer<Wire> ready) {
    downgraded = true;
    close();
    Wire older = new Wire(loop, address, requestTimeoutNanos, listener);
    older.version = ProtocolVersion.V4;
    older.downgraded = true;
    older.connect(config, opened, ready);
  }

  private void agreed(SessionConfig config) {
    if (version == ProtocolVersion.V5) {
      decoder.expectSegments();
      encoder.useSegments();
    }
    if (config.compression()) {
      Compression lz4 = Compression.lz4();
      decoder.expectCompression(lz4);
      encoder.useCompression(lz4);
    }
    scheduleHeartbeat();
    scheduleSweep();
  }

  /** Requests are checked for their deadlines all together, so that one costs next to nothing. */
  private void scheduleSweep() {
    loop.schedule(this::sweep, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void sweep() {
    if (closed) {
      return;
    }
    long now = System.nanoTime();
    int orphans = 0;
    for (int stream = 0; stream < nextStream; stream++) {
      Callback callback = waiting[stream];
      if (callback == Orphan.INSTANCE) {
        orphans++;
      } else if (callback != null && deadlineNanos[stream] - now < 0) {
        waiting[stream] = Orphan.INSTANCE; // its id is free when the late response has come
        callback.failed(new ConnectionError("no answer from " + text(address) + " in time"));
      }
    }
    if (orphans > MAX_ORPHANS) {
      close();
    } else {
      scheduleSweep();
    }
  }

  /** Gives up what waits here and may be asked elsewhere. */
  void abandon() {
    if (!loop.inEventLoop()) {
      loop.execute(this::abandon);
      return;
    }
    for (int stream = 0; stream < nextStream; stream++) {
      Callback callback = waiting[stream];
      if (callback != null && callback.mayGoElsewhere()) {
        waiting[stream] = Orphan.INSTANCE;
        callback.failed(new ConnectionError(text(address) + " is said to be down"));
      }
    }
  }

  /** Stands for a request that nobody waits for any more. */
  private enum Orphan implements Callback {
    INSTANCE;

    @Override
    public void responded(Response response, List<String> warnings) {
      // Too late.
    }

    @Override
    public void failed(ConnectionError error) {
      // Was told already.
    }
  }

  private void useKeyspace(SessionConfig config, Callback opened, Consumer<Wire> ready) {
    if (config.keyspace() == null) {
      ready.accept(this);
      return;
    }
    String use = "USE \"" + config.keyspace().replace("\"", "\"\"") + "\"";
    sendOnLoop(
        new Request.Query(use, io.quorate.protocol.QueryParameters.of(config.consistency())),
        new Callback() {
          @Override
          public void responded(Response response, List<String> warnings) {
            if (response instanceof Response.Failure failure) {
              close();
              opened.responded(failure, warnings);
            } else {
              ready.accept(Wire.this);
            }
          }

          @Override
          public void failed(ConnectionError error) {
            opened.failed(error);
          }
        });
  }

  private void scheduleHeartbeat() {
    loop.schedule(this::heartbeat, HEARTBEAT_SECONDS, TimeUnit.SECONDS);
  }

  /** A node that hangs keeps its connections open: silence after a question ends this one. */
  private void heartbeat() {
    if (closed) {
      return;
    }
    long now = System.nanoTime();
    if (heard) {
      heard = false;
      asked = false;
    } else if (!asked) {
      asked = true;
      askedNanos = now;
      sendOnLoop(new Request.Options(), new IgnoringCallback());
    } else if (now - askedNanos > TimeUnit.SECONDS.toNanos(SILENCE_SECONDS)) {
      close();
      return;
    }
    scheduleHeartbeat();
  }

  /** Sends a request with the session's timeout. */
  void send(Request request, Callback callback) {
    send(request, false, System.nanoTime() + requestTimeoutNanos, callback);
  }

  /**
   * Sends a request, or fails it when the connection is gone or has too much under way.
   *
   * @param deadline as of {@link System#nanoTime}, when it fails, up to {@link #SWEEP_MILLIS} late
   */
  void send(Request request, boolean traced, long deadline, Callback callback) {
    if (loop.inEventLoop()) {
      sendOnLoop(request, traced, deadline, callback);
    } else {
      loop.execute(() -> sendOnLoop(request, traced, deadline, callback));
    }
  }

  private void sendOnLoop(Request request, Callback callback) {
    sendOnLoop(request, false, System.nanoTime() + requestTimeoutNanos, callback);
  }

  private void sendOnLoop(Request request, boolean traced, long deadline, Callback callback) {
    Channel open = channel;
    if (closed || open == null) {
      callback.failed(new ConnectionError("the connection to " + text(address) + " is closed"));
      return;
    }
    int stream = takeStream();
    if (stream < 0) {
      callback.failed(
          new ConnectionError(MAX_STREAMS + " requests are under way to " + text(address)));
      return;
    }
    try {
      encoder.add(version, stream, request, traced);
    } catch (ProtocolException e) {
      giveBack(stream);
      callback.failed(new ConnectionError(String.valueOf(e.getMessage()), e));
      return;
    }
    waiting[stream] = callback;
    deadlineNanos[stream] = deadline;
    inFlight = nextStream - freeCount;
    if (!flushScheduled) {
      flushScheduled = true;
      loop.execute(this::flush);
    }
  }

  private int takeStream() {
    if (freeCount > 0) {
      return freeStreams[--freeCount];
    }
    return nextStream < MAX_STREAMS ? nextStream++ : -1;
  }

  private void giveBack(int stream) {
    if (freeCount == freeStreams.length) {
      freeStreams = Arrays.copyOf(freeStreams, 2 * freeCount);
    }
    freeStreams[freeCount++] = stream;
  }

  private void flush() {
    flushScheduled = false;
    Channel open = channel;
    if (closed || open == null || encoder.isEmpty()) {
      return;
    }
    ByteBuf out = open.alloc().ioBuffer(encoder.pendingBytes() + 64);
    encoder.flush(out);
    open.writeAndFlush(out, open.voidPromise());
  }

  void close() {
    if (!loop.inEventLoop()) {
      loop.execute(this::close);
      return;
    }
    if (channel != null) {
      channel.close();
    }
    ended();
  }

  private void ended() {
    if (closed) {
      return;
    }
    closed = true;
    ConnectionError error =
        new ConnectionError("the connection to " + text(address) + " was closed");
    for (int stream = 0; stream < nextStream; stream++) {
      Callback callback = waiting[stream];
      waiting[stream] = null;
      if (callback != null) {
        callback.failed(error);
      }
    }
    inFlight = 0;
    listener.closed(this);
  }

  private void received(Envelope envelope) {
    heard = true;
    if (envelope.opcode() == Opcode.EVENT) {
      Response event = ResponseCodec.decode(envelope, null);
      if (event instanceof Response.Event told) {
        listener.event(told);
      }
      return;
    }
    int stream = envelope.stream();
    Callback callback = stream >= 0 && stream < nextStream ? waiting[stream] : null;
    if (callback == null) {
      if (version == ProtocolVersion.V5 && envelope.opcode() == Opcode.ERROR) {
        // A server that does not know this version may answer on any stream.
        failAll(ResponseCodec.decode(envelope, null));
      }
      return;
    }
    waiting[stream] = null;
    giveBack(stream);
    inFlight = nextStream - freeCount;
    Response response;
    try {
      response = ResponseCodec.decode(envelope, callback.known());
    } catch (ProtocolException e) {
      callback.failed(new ConnectionError(text(address) + ": " + e.getMessage(), e));
      return;
    }
    callback.responded(response, ResponseCodec.warnings(envelope));
  }

  private void failAll(Response response) {
    for (int stream = 0; stream < nextStream; stream++) {
      Callback callback = waiting[stream];
      if (callback != null) {
        waiting[stream] = null;
        giveBack(stream);
        callback.responded(response, List.of());
      }
    }
  }

  private final class Inbound extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      try {
        decoder.decode(bytes, Wire.this::received);
      } catch (FrameException e) {
        context.close();
      } finally {
        bytes.release();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      ended();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }
}
