package io.quorate.coordinator;

import io.netty.buffer.ByteBuf;
import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.Internode.Status;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.sstable.Digest;
import io.quorate.sstable.FragmentDiff;
import io.quorate.sstable.ReadResult;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One read of one partition. One replica is asked for the rows, as many others as the level needs
 * for a digest of theirs. Equal digests answer at once. Otherwise all of them are asked for their
 * rows, which are reconciled; each replica is sent what it lacks, and the answer waits until they
 * have it, so that no later read goes back behind it.
 *
 * <p>A replica that is slow, silent or refuses is replaced by one that was not asked yet.
 *
 * <p>Belongs to the shard that the request came in on.
 */
final class ReadCoordination extends TimeoutWheel.Entry {
  private final ReplicaReader reader;
  private final PartitionRead read;
  private final List<NodeInfo> candidates;
  private final ConsistencyLevel level;
  private final int required;
  private final long deadlineNanos;
  private final Answer<ReadResult> answer;
  private final List<Contact> contacts = new ArrayList<>();
  private final TimeoutWheel.Entry speculation =
      new TimeoutWheel.Entry() {
        @Override
        void timedOut() {
          askOneMore();
        }
      };
  private int nextCandidate;
  private boolean wantsRows;
  private boolean done;

  /** Whether the answer waits for repairs, once it is {@link #done} with reading. */
  private boolean repairing;

  private ReadCoordination(
      ReplicaReader reader,
      PartitionRead read,
      List<NodeInfo> candidates,
      ConsistencyLevel level,
      int required,
      long deadlineNanos,
      Answer<ReadResult> answer) {
    this.reader = reader;
    this.read = read;
    this.candidates = candidates;
    this.level = level;
    this.required = required;
    this.deadlineNanos = deadlineNanos;
    this.answer = answer;
  }

  /** What a read needs of its node. */
  interface ReplicaReader {
    String localDatacenter();

    boolean isLocal(NodeInfo replica);

    boolean isAlive(NodeInfo replica);

    void readLocally(PartitionRead read, LocalAnswer<ReadResult> answer);

    Internode internode();

    long nowNanos();

    /** How long to wait before one more replica is asked. */
    long speculateAfterNanos();

    /** Sends a replica what it lacks; the answer comes when it has it or will not take it. */
    void repair(
        NodeInfo replica,
        PartitionRead read,
        byte[] missing,
        long deadlineNanos,
        LocalAnswer<@Nullable Void> answer);

    /** Counts a read whose replicas differed. */
    void sawMismatch();
  }

  static void start(
      ReplicaReader reader,
      PartitionRead read,
      List<NodeInfo> replicas,
      ConsistencyLevel level,
      long deadlineNanos,
      Answer<ReadResult> answer) {
    QuorumTracker tracker = QuorumTracker.of(level, replicas, reader.localDatacenter());
    RequestFailure unavailable =
        replicas.isEmpty()
            ? new RequestFailure.Unavailable(level, Math.max(1, tracker.required()), 0)
            : tracker.unavailable(replicas, reader::isAlive);
    if (unavailable != null) {
      answer.failed(unavailable);
      return;
    }
    List<NodeInfo> candidates = ReplicaOrder.forRead(reader, replicas, tracker);
    new ReadCoordination(reader, read, candidates, level, tracker.required(), deadlineNanos, answer)
        .ask();
  }

  private void ask() {
    reader.internode().timeouts().enter(this, deadlineNanos);
    while (contacts.size() < required && nextCandidate < candidates.size()) {
      contact(candidates.get(nextCandidate++), contacts.isEmpty());
    }
    if (nextCandidate < candidates.size()) {
      reader
          .internode()
          .timeouts()
          .enter(speculation, reader.nowNanos() + reader.speculateAfterNanos());
    }
  }

  private void askOneMore() {
    if (!done && nextCandidate < candidates.size()) {
      // The slow one may be the one that was asked for rows.
      contact(candidates.get(nextCandidate++), true);
    }
  }

  private void contact(NodeInfo replica, boolean rows) {
    Contact contact = new Contact(replica, rows || wantsRows);
    contacts.add(contact);
    contact.send();
  }

  private void refused(Contact contact, String why) {
    if (done) {
      return;
    }
    contact.refused = true;
    if (nextCandidate < candidates.size()) {
      askOneMore();
      return;
    }
    int refusals = 0;
    for (Contact other : contacts) {
      refusals += other.refused ? 1 : 0;
    }
    if (contacts.size() - refusals < required) {
      finish();
      answer.failed(
          new RequestFailure.ReadFailure(
              level, answers(), required, refusals, rows() != null, why));
    }
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
      Digest expected = required == 1 ? null : first.digest();
      for (Contact contact : contacts) {
        if (contact.hasAnswered() && expected != null && !expected.equals(contact.digest())) {
          reader.sawMismatch();
          readAllRows();
          return;
        }
      }
      if (answers() >= required) {
        finish();
        answer.succeeded(first.result);
      }
      return;
    }
    List<Contact> complete = contacts.stream().filter(contact -> contact.result != null).toList();
    if (complete.size() >= required) {
      finish();
      reconcile(complete);
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
        reader.repair(contact.replica, read, missing, deadlineNanos, repairs.of(contact));
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
    } else if (nextCandidate < candidates.size()) {
      replace(refusing);
    } else {
      answer.failed(new RequestFailure.ReadFailure(level, required - 1, required, 1, true, why));
    }
  }

  /** Goes on without a replica that does not take its repair: another one may know as much. */
  private void replace(Contact contact) {
    contact.refused = true;
    contact.result = null;
    contact.digest = null;
    done = false;
    reader.internode().timeouts().enter(this, deadlineNanos);
    askOneMore();
  }

  private void finish() {
    done = true;
    leaveWheel();
    speculation.leaveWheel();
  }

  @Override
  void timedOut() {
    if (repairing) {
      repairing = false;
      answer.failed(new RequestFailure.ReadTimeout(level, required - 1, required, true));
    } else if (!done) {
      finish();
      answer.failed(new RequestFailure.ReadTimeout(level, answers(), required, rows() != null));
    }
  }

  /** One replica's part in this read. */
  private final class Contact implements LocalAnswer<ReadResult> {
    private final NodeInfo replica;
    private boolean rowsWanted;
    private boolean refused;
    private @Nullable ReadResult result;
    private @Nullable Digest digest;

    Contact(NodeInfo replica, boolean rowsWanted) {
      this.replica = replica;
      this.rowsWanted = rowsWanted;
    }

    boolean hasAnswered() {
      return result != null || digest != null;
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
        // Its own rows cost this node no more than a digest of them.
        rowsWanted = true;
        reader.readLocally(read, this);
        return;
      }
      Internode internode = reader.internode();
      boolean rows = rowsWanted;
      ByteBuf request =
          internode.request(
              rows ? Verb.READ : Verb.READ_DIGEST, 128, new Response(rows), deadlineNanos);
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
