package io.quorate.environment.real;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.DecoderException;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Messaging;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Messages over TCP: each shard opens one connection to each peer it sends to. See {@link
 * MessageFrames} for what goes over it. Safe for use from every shard.
 */
final class TcpMessaging implements Messaging {
  private static final Logger log = LoggerFactory.getLogger(TcpMessaging.class);
  private static final int CONNECT_TIMEOUT_MILLIS = 2_000;
  private static final int HELLO_TIMEOUT_SECONDS = 10;

  /**
   * TCP repeats what is lost ever more rarely: after a cut of 10 s a connection lies dead for up to
   * 10 s more. A new one is there within 2 s.
   */
  private static final int UNACKNOWLEDGED_LIMIT_MILLIS = 3_000;

  private static final long FIRST_BACKOFF_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long LAST_BACKOFF_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final int QUEUED_BYTES_LIMIT = 16 << 20;

  private final MultiThreadIoEventLoopGroup acceptor;
  private final MultiThreadIoEventLoopGroup loops;
  private final List<NettyShard> shards;
  private final Consumer<Throwable> onFailure;
  private final List<Map<Endpoint, Peer>> peersByShard = new ArrayList<>();
  private final LongAdder dropped = new LongAdder();
  private volatile @Nullable Identity self;
  private volatile @Nullable Channel server;

  TcpMessaging(
      MultiThreadIoEventLoopGroup acceptor,
      MultiThreadIoEventLoopGroup loops,
      List<NettyShard> shards,
      Consumer<Throwable> onFailure) {
    this.acceptor = acceptor;
    this.loops = loops;
    this.shards = shards;
    this.onFailure = onFailure;
    for (int i = 0; i < shards.size(); i++) {
      peersByShard.add(new HashMap<>());
    }
  }

  @Override
  public void start(Identity identity, Receiver receiver) throws IOException {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(acceptor, loops)
            .channel(TcpNetwork.serverChannel())
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    MessageFrames.Decoder decoder = new MessageFrames.Decoder(identity.cluster());
                    channel.pipeline().addLast(decoder, new Inbound(decoder, receiver));
                  }
                });
    server = TcpNetwork.bind(bootstrap, identity.listen());
    self = identity;
  }

  @Override
  public void send(Endpoint to, ByteBuf message) {
    for (NettyShard shard : shards) {
      if (shard.isCurrent()) {
        Peer peer = peersByShard.get(shard.index()).get(to);
        if (peer == null) {
          peer = new Peer(shard, to);
          peersByShard.get(shard.index()).put(to, peer);
        }
        peer.send(message);
        return;
      }
    }
    message.release();
    throw new IllegalStateException("messages are sent from a shard");
  }

  @Override
  public long dropped() {
    return dropped.sum();
  }

  @Override
  public void stop() {
    self = null;
    Channel listening = server;
    if (listening != null) {
      listening.close();
    }
    for (NettyShard shard : shards) {
      shard.execute(() -> peersByShard.get(shard.index()).values().forEach(Peer::close));
    }
  }

  /**
   * A node has opened a connection, so it can be reached: no shard waits any longer to try. Each
   * hears of it before it sees what the node sent.
   */
  private void retry(Endpoint endpoint) {
    for (NettyShard shard : shards) {
      if (shard.isCurrent()) {
        retry(shard, endpoint);
      } else {
        shard.execute(() -> retry(shard, endpoint));
      }
    }
  }

  private void retry(NettyShard shard, Endpoint endpoint) {
    Peer peer = peersByShard.get(shard.index()).get(endpoint);
    if (peer != null) {
      peer.retry();
    }
  }

  /** Receives from one connection that a peer opened. */
  private final class Inbound extends ChannelInboundHandlerAdapter {
    private final MessageFrames.Decoder decoder;
    private final Receiver receiver;
    private boolean heard;
    private boolean refused;

    Inbound(MessageFrames.Decoder decoder, Receiver receiver) {
      this.decoder = decoder;
      this.receiver = receiver;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      context
          .executor()
          .schedule(
              () -> {
                if (decoder.from() == null && context.channel().isOpen()) {
                  log.warn(
                      "closing {}: no hello within {} s",
                      context.channel().remoteAddress(),
                      HELLO_TIMEOUT_SECONDS);
                  context.close();
                }
              },
              HELLO_TIMEOUT_SECONDS,
              TimeUnit.SECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      try {
        Endpoint from = decoder.from();
        if (from != null && self != null) {
          if (!heard) {
            heard = true;
            retry(from);
          }
          receiver.receive(from, bytes);
        }
      } catch (RuntimeException e) {
        onFailure.accept(e);
      } finally {
        bytes.release();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      if (cause instanceof DecoderException) {
        if (refused) {
          return; // the rest of the same bad stream, decoded once more as the channel closes
        }
        refused = true;
        log.warn(
            "closing the node connection from {}: {}",
            context.channel().remoteAddress(),
            cause.getMessage());
      } else if (!(cause instanceof IOException)) {
        onFailure.accept(cause);
      }
      context.close();
    }
  }

  /** The connection of one shard to one peer. Owned by that shard. */
  private final class Peer {
    private final NettyShard shard;
    private final Endpoint endpoint;
    private final ArrayDeque<ByteBuf> waiting = new ArrayDeque<>();
    private final Runnable flush = this::flush;
    private int waitingBytes;
    private @Nullable Channel channel;
    private boolean connecting;

    /** The peer spoke while a connection was tried, perhaps too early. */
    private boolean connectAgain;

    private boolean flushScheduled;
    private boolean closed;
    private long backoffNanos = FIRST_BACKOFF_NANOS;
    private long notBeforeNanos;

    Peer(NettyShard shard, Endpoint endpoint) {
      this.shard = shard;
      this.endpoint = endpoint;
      this.notBeforeNanos = System.nanoTime();
    }

    void send(ByteBuf message) {
      Channel open = channel;
      if (open != null && open.isActive()) {
        if (!open.isWritable()) {
          drop(message);
          return;
        }
        write(open, message);
        if (!flushScheduled) {
          flushScheduled = true;
          shard.afterCurrentBatch(flush);
        }
        return;
      }
      connect();
      if (!connecting || waitingBytes + message.readableBytes() > QUEUED_BYTES_LIMIT) {
        drop(message);
        return;
      }
      waitingBytes += message.readableBytes();
      waiting.add(message);
    }

    private void drop(ByteBuf message) {
      message.release();
      dropped.increment();
    }

    private void write(Channel open, ByteBuf message) {
      open.write(MessageFrames.header(open.alloc(), message), open.voidPromise());
      open.write(message, open.voidPromise());
    }

    private void flush() {
      flushScheduled = false;
      if (channel != null) {
        channel.flush();
      }
    }

    private void connect() {
      Identity identity = self;
      if (connecting || closed || identity == null || System.nanoTime() - notBeforeNanos < 0) {
        return;
      }
      connecting = true;
      Bootstrap bootstrap =
          new Bootstrap()
              .group(shard.loop())
              .channel(Epoll.isAvailable() ? EpollSocketChannel.class : NioSocketChannel.class)
              .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
              .option(ChannelOption.TCP_NODELAY, true)
              .option(
                  ChannelOption.WRITE_BUFFER_WATER_MARK,
                  new WriteBufferWaterMark(QUEUED_BYTES_LIMIT / 2, QUEUED_BYTES_LIMIT))
              .handler(new Outbound());
      if (Epoll.isAvailable()) {
        // A peer that vanished without a word is noticed by what it no longer acknowledges.
        bootstrap.option(EpollChannelOption.TCP_USER_TIMEOUT, UNACKNOWLEDGED_LIMIT_MILLIS);
      }
      bootstrap
          .connect(endpoint.host(), endpoint.port())
          .addListener((ChannelFuture future) -> connected(future, identity));
    }

    private void connected(ChannelFuture future, Identity identity) {
      connecting = false;
      if (!future.isSuccess() || closed) {
        future.channel().close();
        if (connectAgain && !closed) {
          connectAgain = false;
          connect();
        } else {
          lost();
        }
        return;
      }
      connectAgain = false;
      backoffNanos = FIRST_BACKOFF_NANOS;
      Channel open = future.channel();
      channel = open;
      open.write(MessageFrames.hello(identity));
      ByteBuf message;
      while ((message = waiting.poll()) != null) {
        write(open, message);
      }
      waitingBytes = 0;
      open.flush();
    }

    /**
     * What is sent from now on, an answer to what it said first of all, is not dropped for a peer
     * that was away.
     */
    void retry() {
      backoffNanos = FIRST_BACKOFF_NANOS;
      notBeforeNanos = System.nanoTime();
      connectAgain = connecting;
    }

    private void lost() {
      channel = null;
      waiting.forEach(this::drop);
      waiting.clear();
      waitingBytes = 0;
      notBeforeNanos = System.nanoTime() + backoffNanos;
      backoffNanos = Math.min(LAST_BACKOFF_NANOS, 2 * backoffNanos);
    }

    void close() {
      closed = true;
      if (channel != null) {
        channel.close();
      }
      lost();
    }

    private final class Outbound extends ChannelInboundHandlerAdapter {
      @Override
      public void channelRead(ChannelHandlerContext context, Object message) {
        // The other side has nothing to say on this connection.
        ((ByteBuf) message).release();
      }

      @Override
      public void channelInactive(ChannelHandlerContext context) {
        if (context.channel().equals(channel)) {
          lost();
        }
      }

      @Override
      public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
      }
    }
  }
}
