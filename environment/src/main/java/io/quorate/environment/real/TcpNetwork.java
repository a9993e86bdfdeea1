package io.quorate.environment.real;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Network;
import io.quorate.environment.Shard;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Byte streams over TCP. Safe for concurrent use; a connection belongs to its shard. */
final class TcpNetwork implements Network {
  private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(1 << 20, 4 << 20);

  private final MultiThreadIoEventLoopGroup acceptor;
  private final MultiThreadIoEventLoopGroup loops;
  private final List<NettyShard> shards;
  private final Consumer<Throwable> onFailure;

  TcpNetwork(
      MultiThreadIoEventLoopGroup acceptor,
      MultiThreadIoEventLoopGroup loops,
      List<NettyShard> shards,
      Consumer<Throwable> onFailure) {
    this.acceptor = acceptor;
    this.loops = loops;
    this.shards = shards;
    this.onFailure = onFailure;
  }

  @Override
  public Listener listen(Endpoint endpoint, Function<Connection, Handler> protocol)
      throws IOException {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(acceptor, loops)
            .channel(serverChannel())
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.SO_BACKLOG, 1024)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(new ProtocolAdapter(shardOf(channel), protocol));
                  }
                });
    Channel channel = bind(bootstrap, endpoint);
    return new Listener() {
      @Override
      public int port() {
        return ((InetSocketAddress) channel.localAddress()).getPort();
      }

      @Override
      public void close() {
        channel.close();
      }
    };
  }

  static Class<? extends ServerChannel> serverChannel() {
    return Epoll.isAvailable() ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
  }

  /** Binds, and waits for the acceptor's thread to have done it: called at start only. */
  static Channel bind(ServerBootstrap bootstrap, Endpoint endpoint) throws IOException {
    ChannelFuture bound = bootstrap.bind(endpoint.host(), endpoint.port()).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      Throwable cause = bound.cause();
      throw new IOException(
          "cannot listen on " + endpoint + ": " + (cause == null ? "" : cause.getMessage()), cause);
    }
    return bound.channel();
  }

  private NettyShard shardOf(Channel channel) {
    for (NettyShard shard : shards) {
      if (shard.loop().equals(channel.eventLoop())) {
        return shard;
      }
    }
    throw new IllegalStateException("a connection belongs to no shard");
  }

  /**
   * One connection: Netty's events as calls of a {@link Handler}, and a {@link Connection} for it.
   */
  private final class ProtocolAdapter extends ChannelInboundHandlerAdapter implements Connection {
    private final NettyShard shard;
    private final Function<Connection, Handler> protocol;
    private @Nullable Handler handler;
    private @Nullable Channel channel;
    private boolean flushScheduled;
    private final Runnable flush = this::flush;

    ProtocolAdapter(NettyShard shard, Function<Connection, Handler> protocol) {
      this.shard = shard;
      this.protocol = protocol;
    }

    private Channel open() {
      Channel current = channel;
      if (current == null) {
        throw new IllegalStateException("not connected yet");
      }
      return current;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      channel = context.channel();
      handler = protocol.apply(this);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      try {
        if (handler != null) {
          handler.received(bytes);
        }
      } finally {
        bytes.release();
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      if (handler != null && context.channel().isWritable()) {
        handler.writable();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      Handler ended = handler;
      handler = null;
      if (ended != null) {
        ended.closed();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      // A reset by the peer is ordinary; anything else is ours.
      if (!(cause instanceof IOException)) {
        onFailure.accept(cause);
      }
      context.close();
    }

    @Override
    public Shard shard() {
      return shard;
    }

    @Override
    public InetSocketAddress remote() {
      return (InetSocketAddress) open().remoteAddress();
    }

    @Override
    public InetSocketAddress local() {
      return (InetSocketAddress) open().localAddress();
    }

    @Override
    public void write(ByteBuf bytes) {
      Channel current = open();
      current.write(bytes, current.voidPromise());
      if (!flushScheduled) {
        flushScheduled = true;
        shard.afterCurrentBatch(flush);
      }
    }

    private void flush() {
      flushScheduled = false;
      open().flush();
    }

    @Override
    public boolean isWritable() {
      return open().isWritable();
    }

    @Override
    public void setReading(boolean reading) {
      open().config().setAutoRead(reading);
    }

    @Override
    public void close() {
      Channel current = open();
      current
          .writeAndFlush(io.netty.buffer.Unpooled.EMPTY_BUFFER)
          .addListener(ChannelFutureListener.CLOSE);
    }
  }
}
