package io.quorate.environment.real;

import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.quorate.environment.Clock;
import io.quorate.environment.Environment;
import io.quorate.environment.Randomness;
import io.quorate.environment.Shards;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The threads, sockets and files of one process. Safe for concurrent use. */
public final class RealEnvironment implements AutoCloseable {
  private static final long SHUTDOWN_SECONDS = 5;

  private final MultiThreadIoEventLoopGroup acceptor;
  private final MultiThreadIoEventLoopGroup loops;
  private final ThreadedBackground background;
  private final Environment environment;

  /**
   * Starts the event loops.
   *
   * @param shardCount event loops to start, at least 1; usually one a core
   * @param onFailure told of what a task threw; the node decides whether it can go on
   */
  public RealEnvironment(int shardCount, Consumer<Throwable> onFailure) {
    IoHandlerFactory io =
        Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    loops =
        new MultiThreadIoEventLoopGroup(shardCount, new DefaultThreadFactory("shard", true), io);
    acceptor = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("accept", true), io);
    List<NettyShard> shards = new ArrayList<>();
    for (EventExecutor loop : loops) {
      shards.add(new NettyShard(shards.size(), (EventLoop) loop, onFailure));
    }
    Shards all = new Shards(shards);
    background = new ThreadedBackground(onFailure);
    environment =
        new Environment(
            new SystemClock(),
            all,
            background,
            new TcpMessaging(acceptor, loops, shards, onFailure),
            new TcpNetwork(acceptor, loops, shards, onFailure),
            new NioFileSystem(),
            new SystemRandomness());
  }

  public Environment environment() {
    return environment;
  }

  /** Ends all threads; what is queued on them may not run. */
  @Override
  public void close() {
    background.stop();
    acceptor.shutdownGracefully(0, SHUTDOWN_SECONDS, TimeUnit.SECONDS);
    loops
        .shutdownGracefully(0, SHUTDOWN_SECONDS, TimeUnit.SECONDS)
        .awaitUninterruptibly(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
  }

  private static final class SystemClock implements Clock {
    @Override
    public long nanos() {
      return System.nanoTime();
    }

    @Override
    public long wallMicros() {
      Instant now = Instant.now();
      return now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000;
    }

    /** Each request asks: this is the cheaper question. */
    @Override
    public long wallSeconds() {
      return Math.floorDiv(System.currentTimeMillis(), 1_000L);
    }
  }

  private static final class SystemRandomness implements Randomness {
    @Override
    public long nextLong() {
      return ThreadLocalRandom.current().nextLong();
    }

    @Override
    public UUID nextUuid() {
      return UUID.randomUUID();
    }
  }
}
