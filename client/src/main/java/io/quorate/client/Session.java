package io.quorate.client;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.quorate.client.Topology.Node;
import io.quorate.protocol.Request;
import io.quorate.protocol.Response;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A client's hold on a cluster. Finds the nodes, keeps connections to them, sends each statement to
 * a replica of its row where that is known, and to another node when one fails. Safe for concurrent
 * use; meant to live as long as the application.
 */
public final class Session implements AutoCloseable {
  private static final long REFRESH_DELAY_MILLIS = 200;
  private static final int CLOSE_SECONDS = 5;

  private final SessionConfig config;
  private final MultiThreadIoEventLoopGroup loops;
  private final Map<InetSocketAddress, NodePool> pools = new ConcurrentHashMap<>();
  private final AtomicInteger turn = new AtomicInteger();
  private final AtomicBoolean refreshScheduled = new AtomicBoolean();
  private volatile Routes routes = new Routes(Topology.NONE, "", Map.of());
  private final NodePool.Observer observer = new Connections();
  private final Hearsay hearsay = new Hearsay();
  private final List<NodeListener> listeners = new CopyOnWriteArrayList<>();
  private volatile @Nullable Wire control;
  private volatile boolean closed;

  private Session(SessionConfig config) {
    this.config = config;
    IoHandlerFactory io =
        Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    this.loops =
        new MultiThreadIoEventLoopGroup(
            threads, new DefaultThreadFactory("quorate-client", true), io);
  }

  /**
   * Connects to the first contact point that answers, and to the nodes that it names.
   *
   * @throws ConnectionError when none answers
   * @throws RequestError when the session's keyspace is not there
   */
  public static Session connect(SessionConfig config) {
    Session session = new Session(config);
    RuntimeException last = null;
    for (InetSocketAddress contact : config.contactPoints()) {
      try {
        session.joinThrough(contact);
        return session;
      } catch (ConnectionError e) {
        last = e;
      } catch (RuntimeException e) {
        session.close();
        throw e;
      }
    }
    session.close();
    throw last == null ? new ConnectionError("no contact point") : last;
  }

  private void joinThrough(InetSocketAddress contact) {
    NodePool pool = pool(contact);
    routes = new Routes(Topology.NONE, "", pools);
    CompletableFuture<Boolean> opened = new CompletableFuture<>();
    pool.open(error -> {
      if (error == null) {
        opened.complete(true);
      } else {
        opened.completeExceptionally(error);
      }
    });
    await(opened, config.connectTimeout().toMillis() * 2);
    if (config.onlyContactPoints()) {
      return;
    }
    Wire wire = pool.wire();
    if (wire == null) {
      throw new ConnectionError("the connection to " + Wire.text(contact) + " was closed");
    }
    await(controlThrough(wire), config.requestTimeout().toMillis());
  }

  private NodePool pool(InetSocketAddress address) {
    return pools.computeIfAbsent(address, node -> new NodePool(loops, node, config, observer));
  }

  /** Every node is asked what it hears of the others, one of them for the rest of the events. */
  private final class Connections implements NodePool.Observer {
    @Override
    public void opened(Wire wire) {
      if (!config.onlyContactPoints()) {
        hearsay.forget(wire.address());
        register(wire, List.of(Response.Event.Type.STATUS_CHANGE));
        judge();
      }
    }

    @Override
    public void closed(Wire wire) {
      hearsay.forgetSayer(wire.address());
      judge();
      if (wire == control && !closed) {
        moveControl();
      }
    }

    @Override
    public void event(InetSocketAddress from, Response.Event event) {
      if (event instanceof Response.StatusEvent status) {
        boolean isUp = status.change() == Response.StatusEvent.Status.UP;
        hearsay.said(from, status.node(), isUp);
        judge();
        NodePool pool = pools.get(status.node());
        if (pool != null && isUp && !pool.isDown()) {
          pool.up();
        }
      }
      scheduleRefresh();
    }
  }

  private static void register(Wire wire, List<Response.Event.Type> types) {
    wire.send(new Request.Register(types), new Wire.IgnoringCallback());
  }

  /** Draws the conclusions of what nodes say of each other. */
  private synchronized void judge() {
    Set<InetSocketAddress> heard = new HashSet<>();
    pools.values().stream()
        .filter(NodePool::isConnected)
        .forEach(pool -> heard.add(pool.address()));
    for (NodePool pool : pools.values()) {
      boolean isDown = hearsay.isDown(pool.address(), heard);
      if (isDown && !pool.isDown()) {
        pool.down();
        listeners.forEach(listener -> listener.down(pool.address()));
      } else if (!isDown && pool.isDown()) {
        pool.up();
        listeners.forEach(listener -> listener.up(pool.address()));
      }
    }
  }

  /** Reads the topology over this connection and asks it for events. */
  private CompletableFuture<Boolean> controlThrough(Wire wire) {
    return TopologyReader.read(wire, config.localDatacenter())
        .thenApply(read -> {
          adopt(read);
          control = wire;
          wire.send(
              new Request.Register(List.of(Response.Event.Type.values())),
              new Wire.IgnoringCallback());
          return true;
        });
  }

  private void adopt(TopologyReader.Read read) {
    Set<InetSocketAddress> known = new LinkedHashSet<>();
    for (Node node : read.topology().nodes()) {
      known.add(node.address());
      if (!pools.containsKey(node.address())) {
        pool(node.address()).open(null);
      }
    }
    pools
        .entrySet()
        .removeIf(entry -> {
          boolean gone = !known.contains(entry.getKey());
          if (gone) {
            entry.getValue().close();
          }
          return gone;
        });
    routes = new Routes(read.topology(), read.datacenter(), pools);
  }

  /** Tells from now on when most nodes say that a node is down, and when it is up again. */
  public void addListener(NodeListener listener) {
    listeners.add(listener);
  }

  private void scheduleRefresh() {
    if (!closed && refreshScheduled.compareAndSet(false, true)) {
      loops.next().schedule(this::refresh, REFRESH_DELAY_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void refresh() {
    refreshScheduled.set(false);
    Wire wire = control;
    if (closed || wire == null) {
      return;
    }
    TopologyReader.read(wire, config.localDatacenter())
        .whenComplete((read, error) -> {
          if (error == null) {
            adopt(read);
          } else {
            moveControl();
          }
        });
  }

  private void moveControl() {
    for (NodePool pool : pools.values()) {
      Wire wire = pool.wire();
      if (wire != null && wire != control) {
        control = wire;
        controlThrough(wire)
            .whenComplete((nothing, error) -> {
              if (error != null) {
                scheduleRefresh();
              }
            });
        return;
      }
    }
    scheduleRefresh();
  }

  /** Runs a statement and waits for its first page. */
  public ResultPage execute(String cql) {
    return execute(Statement.of(cql));
  }

  /**
   * Runs a statement and waits for one page.
   *
   * @throws RequestError when the cluster refuses it
   * @throws ConnectionError when no node answers in time
   */
  public ResultPage execute(Statement statement) {
    return await(executeAsync(statement), 2 * config.requestTimeout().toMillis() + 60_000);
  }

  /**
   * Runs a statement; the future has one page, or a {@link RequestError} or {@link
   * ConnectionError}.
   */
  public CompletableFuture<ResultPage> executeAsync(Statement statement) {
    Execution execution = new Execution(config, statement, route(statement));
    execution.start();
    return execution.future();
  }

  /** All rows of a statement, a page fetched when the one before it is used up. */
  public Iterable<Row> rows(Statement statement) {
    return () -> new Pages(statement);
  }

  private final class Pages implements Iterator<Row> {
    private final Statement statement;
    private ResultPage page;
    private Iterator<Row> rows;

    Pages(Statement statement) {
      this.statement = statement;
      this.page = execute(statement);
      this.rows = page.iterator();
    }

    @Override
    public boolean hasNext() {
      while (!rows.hasNext() && page.pagingState() != null) {
        page = execute(statement.withPagingState(page.pagingState()));
        rows = page.iterator();
      }
      return rows.hasNext();
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return rows.next();
    }
  }

  /**
   * Prepares a statement, by way of any node; the others learn it when they are asked to run it.
   */
  public PreparedStatement prepare(String cql) {
    return await(prepareAsync(cql), config.requestTimeout().toMillis() + 1_000);
  }

  public CompletableFuture<PreparedStatement> prepareAsync(String cql) {
    CompletableFuture<PreparedStatement> prepared = new CompletableFuture<>();
    prepareAt(route(Statement.of(cql)), cql, prepared, new ConnectionError("no node is connected"));
    return prepared;
  }

  private void prepareAt(
      Iterator<NodePool> nodes,
      String cql,
      CompletableFuture<PreparedStatement> prepared,
      ConnectionError last) {
    Wire wire = null;
    while (wire == null && nodes.hasNext()) {
      wire = nodes.next().wire();
    }
    if (wire == null) {
      prepared.completeExceptionally(last);
      return;
    }
    wire.send(
        new Request.Prepare(cql, null),
        new Wire.Callback() {
          @Override
          public void responded(Response response, List<String> warnings) {
            if (response instanceof Response.Prepared result) {
              prepared.complete(new PreparedStatement(cql, result));
            } else if (response instanceof Response.Failure failure) {
              prepared.completeExceptionally(new RequestError(failure));
            } else {
              prepared.completeExceptionally(new ConnectionError("unexpected " + response));
            }
          }

          @Override
          public void failed(ConnectionError error) {
            prepareAt(nodes, cql, prepared, error);
          }
        });
  }

  private Iterator<NodePool> route(Statement statement) {
    return routes.of(statement, turn.getAndIncrement() & Integer.MAX_VALUE);
  }

  /** Addresses of the nodes that this session knows. */
  public Set<InetSocketAddress> nodes() {
    return Set.copyOf(pools.keySet());
  }

  @Override
  public void close() {
    closed = true;
    pools.values().forEach(NodePool::close);
    loops
        .shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
        .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
  }

  private static <T extends @Nullable Object> T await(
      CompletableFuture<T> future, long timeoutMillis) {
    try {
      return future.get(timeoutMillis, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      while (cause instanceof CompletionException && cause.getCause() != null) {
        cause = cause.getCause();
      }
      if (cause instanceof RequestError || cause instanceof ConnectionError) {
        // The caller's frames are worth more than the event loop's.
        cause.setStackTrace(new Throwable().getStackTrace());
        throw (RuntimeException) cause;
      }
      throw new IllegalStateException("the driver failed", cause);
    } catch (java.util.concurrent.TimeoutException e) {
      throw new ConnectionError("no answer within " + timeoutMillis + " ms", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ConnectionError("interrupted while waiting for an answer", e);
    }
  }
}
