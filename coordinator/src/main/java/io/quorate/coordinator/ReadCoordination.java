package io.quorate.coordinator;

import io.netty.buffer.ByteBuf;
import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.Internode.Status;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.sstable.Digest;
import io.quorate.sstable.FragmentDiff;
import io.quorate.sstable.ReadResult;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One read of one partition. One replica is asked for the rows, as many others as the level needs
 * for a digest of theirs. Equal digests answer at once. Otherwise all of them are asked for their
 * rows, which are reconciled; each replica is sent what it lacks, and the answer waits until they
 * have it, so that no later read goes back behind it. While ownership changes, there have to be
 * enough of the owners before and of those after it, or a later read that asks others would.
 *
 * <p>A replica that is slow, silent or refuses is replaced by one that was not asked yet.
 *
 * <p>Belongs to the shard that asked.
 */
final class ReadCoordination extends TimeoutWheel.Entry {
  private final ReplicaReader reader;
  private final PartitionRead read;
  private final RequestQuorum quorum;

  /** This node's part, where it was asked for before; null where it was not. */
  private final @Nullable OwnRead own;

  /** Live replicas that were not asked, in the order in which they would be. */
  private final List<NodeInfo> spare;

  private final long deadlineNanos;
  private final Answer<ReadResult> answer;
  private final List<Contact> contacts;

  /** Asks one more when nobody has answered for a while; null when there is nobody more. */
  private TimeoutWheel.@Nullable Entry speculation;

  private boolean wantsRows;
  private boolean done;

  /** Whether the answer waits for repairs, once it is {@link #done} with reading. */
  private boolean repairing;

  private ReadCoordination(
      ReplicaReader reader,
      PartitionRead read,
      RequestQuorum quorum,
      @Nullable OwnRead own,
      long deadlineNanos,
      Answer<ReadResult> answer) {
    this.reader = reader;
    this.read = read;
    this.quorum = quorum;
    this.own = own;
    this.spare = ReplicaOrder.forRead(reader, quorum);
    this.deadlineNanos = deadlineNanos;
    this.answer = answer;
    this.contacts = new ArrayList<>(quorum.required());
  }

  /** What a read needs of its node. */
  interface ReplicaReader {
    String localDatacenter();

    boolean isLocal(NodeInfo replica);

    boolean isAlive(NodeInfo replica);

    /** Whether this node knows that who is asked has changed since the metadata of an epoch. */
    boolean isStale(long epoch);

    void readLocally(PartitionRead read, LocalAnswer<ReadResult> answer);

    Internode internode();

    long nowNanos();

    /** How long to wait before one more replica is asked. */
    long speculateAfterNanos();

    /**
     * Sends a replica what it lacks; the answer comes when it has it or will not take it.
     *
     * @param epoch of the metadata that said which replicas
     */
    void repair(
        NodeInfo replica,
        PartitionRead read,
        byte[] missing,
        long epoch,
        long deadlineNanos,
        LocalAnswer<@Nullable Void> answer);

    /** Counts a read whose replicas differed. */
    void sawMismatch();
  }

  /**
   * @param own this node's part, where it was asked for before it was known that it takes longer
   */
  static void start(
      ReplicaReader reader,
      PartitionRead read,
      RequestQuorum quorum,
      @Nullable OwnRead own,
      long deadlineNanos,
      Answer<ReadResult> answer) {
    RequestFailure unavailable = quorum.unavailable(reader::isAlive);
    if (unavailable != null) {
      answer.failed(unavailable);
      return;
    }
    new ReadCoordination(reader, read, quorum, own, deadlineNanos, answer).begin();
  }

  private void begin() {
    ask(false);
    if (done) {
      return; // this node's own answer was at hand, or nobody's is enough
    }
    TimeoutWheel timeouts = reader.internode().timeouts();
    timeouts.enter(this, deadlineNanos);
    if (!spare.isEmpty()) {
      speculation =
          new TimeoutWheel.Entry() {
            @Override
            void timedOut() {
              takeForSlow();
            }
          };
      timeouts.enter(speculation, reader.nowNanos() + reader.speculateAfterNanos());
    }
  }

  /** Asks as many more as are needed beside those on whom one can still count. */
  private void ask(boolean rows) {
    while (!done) {
      NodeInfo next = quorum.next(replicas(Contact::mayCount), spare);
      if (next == null) {
        return;
      }
      Contact contact = new Contact(next, rows || wantsRows || contacts.isEmpty());
      contacts.add(contact);
      contact.send();
    }
  }

  private List<NodeInfo> replicas(Predicate<Contact> which) {
    if (contacts.isEmpty()) {
      return List.of();
    }
    List<NodeInfo> replicas = new ArrayList<>(contacts.size());
    for (int i = 0; i < contacts.size(); i++) {
      if (which.test(contacts.get(i))) {
        replicas.add(contacts.get(i).replica);
      }
    }
    return replicas;
  }

  private void takeForSlow() {
    if (!done) {
      for (Contact contact : contacts) {
        contact.slow = !contact.hasAnswered();
      }
      // The slow one may be the one that was asked for rows.
      ask(true);
    }
  }

  private void refused(Contact contact, String why) {
    if (done) {
      return;
    }
    contact.refused = true;
    ask(true);
    failWithout(why);
  }

  /** Fails when those that refused cannot be done without. */
  private void failWithout(String why) {
    if (done || quorum.isReachedBy(replicas(contact -> !contact.refused))) {
      return;
    }
    int refusals = replicas(contact -> contact.refused).size();
    finish();
    answer.failed(
        new RequestFailure.ReadFailure(
            quorum.level(), answers(), quorum.required(), refusals, rows() != null, why));
  }

  private int answers() {
    int answers = 0;
    for (int i = 0; i < contacts.size(); i++) {
      answers += contacts.get(i).hasAnswered() ? 1 : 0;
    }
    return answers;
  }

  private @Nullable Contact rows() {
    for (Contact contact : contacts) {
      if (contact.result != null) {
        return contact;
      }
    }
    return null;
  }

  /** Answers when enough replicas agree; asks those that differ for their rows. */
  private void evaluate() {
    if (done) {
      return;
    }
    Contact first = rows();
    if (first == null || first.result == null) {
      return;
    }
    if (!wantsRows) {
      boolean isAlone = answers() == 1;
      for (Contact contact : contacts) {
        if (!isAlone && contact.hasAnswered() && !first.digest().equals(contact.digest())) {
          reader.sawMismatch();
          readAllRows();
          return;
        }
      }
      if (quorum.isReachedBy(replicas(Contact::hasAnswered))) {
        finish();
        answer.succeeded(first.result);
      }
      return;
    }
    if (quorum.isReachedBy(replicas(contact -> contact.result != null))) {
      finish();
      reconcile(contacts.stream().filter(contact -> contact.result != null).toList());
    }
  }

  private void readAllRows() {
    wantsRows = true;
    for (Contact contact : List.copyOf(contacts)) {
      if (!contact.rowsWanted && !contact.refused) {
        contact.rowsWanted = true;
        contact.send();
      }
    }
    evaluate();
  }

  private void reconcile(List<Contact> complete) {
    List<ReadResult> results = new ArrayList<>(complete.size());
    for (Contact contact : complete) {
      if (contact.result != null) {
        results.add(contact.result);
      }
    }
    Reconciliation merged = Reconciliation.of(results, read.limits());
    repairing = true;
    reader.internode().timeouts().enter(this, deadlineNanos);
    Repairs<Contact> repairs =
        new Repairs<>((refusing, why) -> repaired(merged.result(), refusing, why));
    for (Contact contact : complete) {
      byte[] missing =
          contact.result == null
              ? null
              : FragmentDiff.missing(merged.everything(), contact.result.fragment());
      if (missing != null) {
        reader.repair(
            contact.replica, read, missing, quorum.epoch(), deadlineNanos, repairs.of(contact));
      }
    }
    repairs.allSent();
  }

  private void repaired(ReadResult result, @Nullable Contact refusing, String why) {
    if (!repairing) {
      return;
    }
    repairing = false;
    leaveWheel();
    if (refusing == null) {
      answer.succeeded(result);
    } else {
      goOnWithout(refusing, why);
    }
  }

  /** Another one may know as much as a replica that does not take its repair. */
  private void goOnWithout(Contact contact, String why) {
    contact.refused = true;
    contact.result = null;
    contact.digest = null;
    done = false;
    reader.internode().timeouts().enter(this, deadlineNanos);
    ask(true);
    failWithout(why);
    evaluate();
  }

  private void finish() {
    done = true;
    leaveWheel();
    if (speculation != null) {
      speculation.leaveWheel();
    }
  }

  @Override
  void timedOut() {
    if (repairing) {
      repairing = false;
      answer.failed(
          new RequestFailure.ReadTimeout(
              quorum.level(), quorum.required() - 1, quorum.required(), true));
    } else if (!done) {
      finish();
      answer.failed(
          new RequestFailure.ReadTimeout(
              quorum.level(), answers(), quorum.required(), rows() != null));
    }
  }

  /** One replica's part in this read. */
  private final class Contact implements LocalAnswer<ReadResult> {
    private final NodeInfo replica;
    private boolean rowsWanted;
    private boolean refused;
    private boolean slow;
    private @Nullable ReadResult result;
    private @Nullable Digest digest;

    Contact(NodeInfo replica, boolean rowsWanted) {
      this.replica = replica;
      this.rowsWanted = rowsWanted;
    }

    boolean hasAnswered() {
      return result != null || (digest != null && !wantsRows);
    }

    boolean mayCount() {
      return !refused && (!slow || hasAnswered());
    }

    Digest digest() {
      Digest known = digest;
      if (known == null) {
        ReadResult rows = result;
        if (rows == null) {
          throw new IllegalStateException("no answer of " + replica.hostId() + " yet");
        }
        known = Digest.of(rows);
        digest = known;
      }
      return known;
    }

    void send() {
      if (reader.isLocal(replica)) {
        if (reader.isStale(quorum.epoch())) {
          refused(RingCoordinator.STALE);
          return;
        }
        // Its own rows cost this node no more than a digest of them.
        rowsWanted = true;
        if (own != null && !own.isTakenOver()) {
          own.takeOver(this);
        } else {
          reader.readLocally(read, this);
        }
        return;
      }
      Internode internode = reader.internode();
      boolean rows = rowsWanted;
      ByteBuf request =
          internode.request(
              rows ? Verb.READ : Verb.READ_DIGEST,
              128,
              new Response(rows),
              deadlineNanos,
              quorum.epoch());
      ReadCodec.write(request, read.table().id(), read.token(), read.key(), read.limits());
      internode.send(replica.internode(), request);
    }

    @Override
    public void done(ReadResult rows) {
      result = rows;
      digest = null;
      evaluate();
    }

    @Override
    public void refused(String why) {
      ReadCoordination.this.refused(this, why);
    }

    private final class Response extends Internode.Pending {
      private final boolean rows;

      Response(boolean rows) {
        this.rows = rows;
      }

      @Override
      void responded(Status status, ByteBuf payload) {
        if (status != Status.OK) {
          Contact.this.refused(Internode.text(payload));
        } else if (rows) {
          done(ReadCodec.readResult(payload));
        } else {
          Digest its = new Digest(payload.readLong(), payload.readLong());
          if (result == null) {
            digest = its;
          }
          evaluate();
        }
      }

      @Override
      void expired() {
        // The read's own deadline is the same, and answers for all.
      }
    }
  }
}
