package io.quorate.cql;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.quorate.coordinator.Coordinator;
import io.quorate.coordinator.Coordinator.TableMutation;
import io.quorate.coordinator.RequestFailure;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.cql.parser.Statement;
import io.quorate.cql.parser.SyntaxException;
import io.quorate.cql.system.SystemTables;
import io.quorate.environment.Clock;
import io.quorate.environment.Randomness;
import io.quorate.environment.Shard;
import io.quorate.environment.Shards;
import io.quorate.protocol.BoundValues;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.ErrorDetails;
import io.quorate.protocol.Md5;
import io.quorate.protocol.QueryParameters;
import io.quorate.protocol.Request;
import io.quorate.protocol.Response;
import io.quorate.protocol.types.InvalidTypeException;
import io.quorate.protocol.types.InvalidValueException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs CQL: one for a node. From a request of the protocol to reads and writes of the coordinator,
 * and back to a response.
 *
 * <p>Safe for concurrent use by all shards: shared are the cache of prepared statements, whose
 * entries are immutable, and the coordinator. A request is answered on the shard that received it,
 * possibly before the call returns.
 */
public final class QueryProcessor {
  private static final long PREPARED_CACHE_BYTES = 32L << 20;
  private static final int MAX_BATCH_STATEMENTS = 65_535;

  private final Coordinator coordinator;
  private final SystemTables system;
  private final Shards shards;
  private final Timeouts timeouts;
  private final ExecutionContext.NodeServices services;
  private final SchemaChanges schemaChanges;
  private final Cache<Md5, PreparedStatement> prepared;

  public QueryProcessor(
      Coordinator coordinator,
      SystemTables system,
      Shards shards,
      Clock clock,
      Randomness random,
      Timeouts timeouts) {
    this.coordinator = coordinator;
    this.system = system;
    this.shards = shards;
    this.timeouts = timeouts;
    this.services =
        new ExecutionContext.NodeServices(coordinator, clock, random, new TimeUuids(clock, random));
    this.schemaChanges = new SchemaChanges(coordinator, system, random, clock);
    this.prepared =
        Caffeine.newBuilder()
            .maximumWeight(PREPARED_CACHE_BYTES)
            .weigher((Md5 id, PreparedStatement statement) -> statement.weightBytes())
            .executor(Runnable::run)
            .build();
  }

  /** Answers a request, once: those that carry statements, others are refused. */
  public void process(Request request, ClientState client, Consumer<Response> answer) {
    switch (request) {
      case Request.Query query -> query(query, client, answer);
      case Request.Prepare prepare -> prepare(prepare, client, answer);
      case Request.Execute execute -> execute(execute, client, answer);
      case Request.Batch batch -> batch(batch, client, answer);
      case Request.Startup startup -> notAStatement(request, answer);
      case Request.Options options -> notAStatement(request, answer);
      case Request.Register register -> notAStatement(request, answer);
      case Request.AuthResponse response -> notAStatement(request, answer);
    }
  }

  private static void notAStatement(Request request, Consumer<Response> answer) {
    answer.accept(
        new Response.Failure(ErrorCode.PROTOCOL_ERROR, "Unexpected message " + request.opcode()));
  }

  /** Answers a QUERY, once. */
  public void query(Request.Query request, ClientState client, Consumer<Response> answer) {
    guarded(
        answer,
        () -> {
          String keyspace = keyspace(request.parameters().keyspace(), client);
          PreparedStatement statement = Planner.prepare(request.query(), schema(keyspace));
          run(statement, request.parameters(), null, client, answer);
        });
  }

  /** Answers a PREPARE, once. */
  public void prepare(Request.Prepare request, ClientState client, Consumer<Response> answer) {
    guarded(
        answer,
        () -> {
          String keyspace = keyspace(request.keyspace(), client);
          PreparedStatement statement = current(PreparedStatement.id(request.query(), keyspace));
          if (statement == null) {
            statement = Planner.prepare(request.query(), schema(keyspace));
            prepared.put(statement.id(), statement);
          }
          answer.accept(
              new Response.Prepared(
                  statement.id(),
                  statement.markers(),
                  statement.partitionKeyIndexes(),
                  statement.plan().result()));
        });
  }

  /** Answers an EXECUTE, once. */
  public void execute(Request.Execute request, ClientState client, Consumer<Response> answer) {
    guarded(
        answer,
        () ->
            run(
                known(request.statementId()),
                request.parameters(),
                request.resultMetadataId(),
                client,
                answer));
  }

  /** Answers a BATCH, once. */
  public void batch(Request.Batch request, ClientState client, Consumer<Response> answer) {
    guarded(
        answer,
        () -> {
          if (request.kind() == Request.Batch.Kind.COUNTER) {
            throw RequestException.notYet("A counter batch");
          }
          checkBatchSize(request.statements().size());
          ExecutionContext context = new ExecutionContext(services, request.parameters());
          List<TableMutation> mutations = new ArrayList<>();
          String keyspace = keyspace(request.parameters().keyspace(), client);
          for (Request.Batch.Statement part : request.statements()) {
            PreparedStatement statement =
                switch (part) {
                  case Request.Batch.Prepared byId -> known(byId.statementId());
                  case Request.Batch.Text text -> Planner.prepare(text.query(), schema(keyspace));
                };
            if (!(statement.plan() instanceof Plan.Write write)) {
              throw RequestException.invalid(
                  "Invalid statement in batch: only UPDATE, INSERT and DELETE statements are"
                      + " allowed.");
            }
            BoundValues values = checked(statement, part.values());
            mutations.addAll(
                write.modification().mutations(context.withValues(values), client.writer()));
          }
          write(
              mutations,
              request.kind() == Request.Batch.Kind.LOGGED,
              request.parameters().consistency(),
              answer);
        });
  }

  private static void checkBatchSize(int statements) {
    if (statements > MAX_BATCH_STATEMENTS) {
      throw RequestException.invalid(
          "Batch statement cannot contain more than " + MAX_BATCH_STATEMENTS + " statements.");
    }
  }

  /** Refusals become answers here, and only here. */
  private static void guarded(Consumer<Response> answer, Runnable work) {
    try {
      work.run();
    } catch (RequestException e) {
      answer.accept(e.response());
    } catch (SyntaxException e) {
      answer.accept(new Response.Failure(ErrorCode.SYNTAX_ERROR, String.valueOf(e.getMessage())));
    } catch (InvalidValueException | InvalidTypeException e) {
      answer.accept(new Response.Failure(ErrorCode.INVALID, String.valueOf(e.getMessage())));
    }
  }

  private static @Nullable String keyspace(@Nullable String ofRequest, ClientState client) {
    return ofRequest != null ? ofRequest : client.keyspace();
  }

  private Schema schema(@Nullable String keyspace) {
    return new Schema(coordinator.metadata(), system, keyspace);
  }

  /** The statement of this id, planned anew if the schema has changed; null if it is unknown. */
  private @Nullable PreparedStatement current(Md5 id) {
    PreparedStatement statement = prepared.getIfPresent(id);
    ClusterMetadata metadata = coordinator.metadata();
    if (statement == null || statement.isOf(metadata)) {
      return statement;
    }
    PreparedStatement renewed = statement.under(metadata);
    if (renewed == null) {
      renewed = Planner.prepare(statement.query(), schema(statement.keyspace()));
    }
    prepared.put(id, renewed);
    return renewed;
  }

  private PreparedStatement known(Md5 id) {
    PreparedStatement statement = current(id);
    if (statement == null) {
      throw new RequestException(
          ErrorCode.UNPREPARED,
          "Prepared query with ID "
              + id
              + " not found (either the query was not prepared on this host (maybe the host has"
              + " been restarted?) or you have prepared too many queries and it has been evicted"
              + " from the internal cache)",
          new ErrorDetails.Unprepared(id));
    }
    return statement;
  }

  private static BoundValues checked(PreparedStatement statement, BoundValues values) {
    int markers = statement.markers().columns().size();
    if (values.names() != null) {
      return values.inOrderOf(
          statement.markers().columns().stream().map(column -> column.name()).toList());
    }
    if (values.count() != markers) {
      throw RequestException.invalid(
          "there were "
              + markers
              + " markers(?) in CQL but "
              + values.count()
              + " bound variables");
    }
    return values;
  }

  private long deadlineNanos(long timeoutMillis) {
    return services.clock().nanos() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
  }

  private void run(
      PreparedStatement statement,
      QueryParameters given,
      @Nullable Md5 knownMetadata,
      ClientState client,
      Consumer<Response> answer) {
    BoundValues values = checked(statement, given.values());
    QueryParameters parameters = values == given.values() ? given : given.withValues(values);
    ExecutionContext context = new ExecutionContext(services, parameters);
    switch (statement.plan()) {
      case Plan.Read read -> read(read.select(), context, knownMetadata, answer);
      case Plan.ReadVirtual virtual ->
          answer.accept(VirtualExecution.run(virtual.select(), virtual.table(), context));
      case Plan.Write write ->
          write(
              write.modification().mutations(context, client.writer()),
              false,
              parameters.consistency(),
              answer);
      case Plan.WriteBatch batch -> {
        checkBatchSize(batch.modifications().size());
        List<TableMutation> mutations = new ArrayList<>();
        for (ModificationPlan modification : batch.modifications()) {
          mutations.addAll(modification.mutations(context, client.writer()));
        }
        write(mutations, batch.logged(), parameters.consistency(), answer);
      }
      case Plan.Direct direct -> direct(direct.statement(), context, client, answer);
    }
  }

  /**
   * A read that this node answers alone runs on the shard that owns its partition, so that the
   * connection's shard has little to do for requests that are another's. Any other runs here: its
   * messages to other nodes leave in fewer pieces when they leave from one shard.
   */
  private void read(
      SelectPlan plan,
      ExecutionContext context,
      @Nullable Md5 knownMetadata,
      Consumer<Response> answer) {
    checkReadLevel(context.parameters().consistency());
    long timeoutMillis = plan.isByKey() ? timeouts.readMillis() : timeouts.rangeMillis();
    long deadlineNanos = deadlineNanos(timeoutMillis);
    List<PartitionKey> keys = plan.isByKey() ? PartitionKey.all(plan, context) : List.of();
    if (keys.size() != 1
        || !coordinator.answersAlone(
            plan.table(), keys.getFirst().token(), context.parameters().consistency())) {
      SelectExecution.start(plan, keys, context, deadlineNanos, knownMetadata, answer);
      return;
    }
    Shard here = shards.currentOrFirst();
    Shard owner = shards.owner(keys.getFirst().token());
    Consumer<Response> back =
        owner.equals(here) ? answer : response -> here.execute(() -> answer.accept(response));
    // Also when it is this one: what is for others leaves before this shard does its own part.
    owner.execute(
        () -> SelectExecution.start(plan, keys, context, deadlineNanos, knownMetadata, back));
  }

  private static void checkReadLevel(ConsistencyLevel level) {
    if (level == ConsistencyLevel.ANY) {
      throw RequestException.invalid("ANY ConsistencyLevel is only supported for writes");
    }
    if (level.isSerial()) {
      throw RequestException.notYet("Reading at consistency level " + level);
    }
  }

  private void write(
      List<TableMutation> mutations,
      boolean logged,
      ConsistencyLevel level,
      Consumer<Response> answer) {
    if (level.isSerial()) {
      throw RequestException.invalid("You must use conditional updates for serializable writes");
    }
    List<TableMutation> merged = BatchMerge.byPartition(mutations);
    long deadlineNanos = deadlineNanos(timeouts.writeMillis());
    if (merged.isEmpty()) {
      answer.accept(Response.VoidResult.INSTANCE);
    } else if (merged.size() == 1) {
      TableMutation only = merged.get(0);
      coordinator.write(
          only.table(), only.mutation(), level, deadlineNanos, new WriteAnswer(answer));
    } else {
      coordinator.writeBatch(merged, logged, level, deadlineNanos, new WriteAnswer(answer));
    }
  }

  private record WriteAnswer(Consumer<Response> answer)
      implements Coordinator.Answer<@Nullable Void> {
    @Override
    public void succeeded(@Nullable Void nothing) {
      answer.accept(Response.VoidResult.INSTANCE);
    }

    @Override
    public void failed(RequestFailure failure) {
      answer.accept(Failures.response(failure));
    }
  }

  private void direct(
      Statement statement,
      ExecutionContext context,
      ClientState client,
      Consumer<Response> answer) {
    Schema schema = schema(keyspace(context.parameters().keyspace(), client));
    switch (statement) {
      case Statement.Use use -> {
        if (!schema.hasKeyspace(use.keyspace())) {
          throw RequestException.invalid("Keyspace '" + use.keyspace() + "' does not exist");
        }
        client.use(use.keyspace());
        answer.accept(new Response.SetKeyspace(use.keyspace()));
      }
      case Statement.Truncate truncate -> {
        TableMetadata table = schema.table(truncate.table());
        coordinator.truncate(
            table, deadlineNanos(timeouts.truncateMillis()), new WriteAnswer(answer));
      }
      case Statement.Describe describe ->
          answer.accept(Descriptions.describe(describe, schema, context));
      case Statement.SchemaStatement change ->
          schemaChanges.run(change, schema, deadlineNanos(timeouts.schemaMillis()), answer);
      case Statement.Select select -> throw planned();
      case Statement.Modification modification -> throw planned();
      case Statement.Batch batch -> throw planned();
      case Statement.Unsupported unsupported -> throw planned();
    }
  }

  private static IllegalStateException planned() {
    return new IllegalStateException("a statement that has a plan of its own");
  }
}
