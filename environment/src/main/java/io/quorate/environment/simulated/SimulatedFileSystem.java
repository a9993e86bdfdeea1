package io.quorate.environment.simulated;

import io.quorate.environment.DiskFullException;
import io.quorate.environment.FileSystem;
import io.quorate.environment.Randomness;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A disk that keeps after a power loss what a disk must keep, and of the rest whatever chance has
 * it.
 *
 * <p>The fault model:
 *
 * <ul>
 *   <li>A write that was not followed by a sync of its file is kept, lost or torn at any byte, each
 *       write on its own, so that a later write may survive an earlier one.
 *   <li>A sync that fails leaves such writes to chance for good, though reads see them: no later
 *       sync brings them to the disk (Rebello et al.: Can Applications Recover from fsync
 *       Failures?, 2020).
 *   <li>A name that was created, renamed, linked or deleted without a sync of its directory is kept
 *       up to some point of their order in that directory, and lost after it.
 *   <li>{@link #losePowerAt} takes the power away between any two calls of the disk.
 *   <li>{@link #flipBit}, {@link #cutOff} and {@link #lose} harm what is at rest; {@link #fail}
 *       makes some operations on some files fail, {@link #readOnly} all that would change anything;
 *       {@link #capacity} fills the disk up.
 * </ul>
 *
 * <p>Not thread-safe.
 */
public final class SimulatedFileSystem implements FileSystem {
  private final Randomness random;
  private final String host;
  private final TreeMap<Path, Inode> names = new TreeMap<>();
  private final TreeMap<Path, Inode> durableNames = new TreeMap<>();
  private final TreeMap<Path, List<NameChange>> unsyncedNames = new TreeMap<>();
  private final Set<Path> directories = new TreeSet<>();
  private final Set<Path> locks = new HashSet<>();
  private final List<Fault> faults = new ArrayList<>();
  private boolean readOnly;

  private long capacityBytes = Long.MAX_VALUE;
  private long operationsUntilPowerLoss = -1;
  private @Nullable String lyingAbout;
  private int generation;
  private long syncCount;
  private Runnable powerLost = () -> {};

  public SimulatedFileSystem(Randomness random, String host) {
    this.random = random;
    this.host = host;
  }

  void onPowerLoss(Runnable handler) {
    powerLost = handler;
  }

  /**
   * Takes the power away in the middle of the {@code operations}-th call from now that changes
   * anything.
   */
  public void losePowerAt(long operations) {
    operationsUntilPowerLoss = operations;
  }

  /** No power loss is planned any more. */
  public void cancelPowerLoss() {
    operationsUntilPowerLoss = -1;
  }

  /** The disk holds this many bytes; a write beyond them fails. */
  public void capacity(long bytes) {
    capacityBytes = bytes;
  }

  /** An operation fails on paths that contain {@code part}. */
  private record Fault(Operation operation, String part) {}

  /** From now on an operation on files whose path contains {@code part} fails. */
  public void fail(Operation operation, String part) {
    faults.add(new Fault(operation, part));
  }

  /** Nothing fails any more that {@link #fail} made fail. */
  public void heal() {
    faults.clear();
  }

  /** Whether nothing can be changed, as when the kernel has met an error that it does not trust. */
  public void readOnly(boolean yes) {
    readOnly = yes;
  }

  private void check(Operation operation, Path path) throws IOException {
    for (Fault fault : faults) {
      if (fault.operation == operation && path.toString().contains(fault.part)) {
        throw new IOException(path + ": Input/output error");
      }
    }
    if (readOnly && operation != Operation.OPEN && operation != Operation.READ) {
      throw new IOException(path + ": Read-only file system");
    }
  }

  /**
   * From now on a sync of files whose path contains {@code part} does nothing and says that it did:
   * a negative control.
   */
  public void lieAboutSyncs(String part) {
    lyingAbout = part;
  }

  /** How many file syncs were done since the start. */
  public long syncCount() {
    return syncCount;
  }

  /** Flips one random bit of a file, at rest. */
  public void flipBit(Path path) throws IOException {
    Inode inode = inode(path);
    if (inode.current.size() > 0) {
      long bit = random.nextLong(inode.current.size() * 8);
      flipBit(path, bit);
    }
  }

  /** Flips bit {@code bit} of a file, counted from its start. */
  public void flipBit(Path path, long bit) throws IOException {
    Inode inode = inode(path);
    inode.current.flipBit(bit);
    inode.durable.flipBit(bit);
  }

  /** Leaves of a file, at rest, its first bytes. */
  public void cutOff(Path path, long bytes) throws IOException {
    Inode inode = inode(path);
    inode.current.resize(bytes);
    inode.durable.resize(bytes);
  }

  /** Takes away a name at rest, as a repair of the file system may. */
  public void lose(Path path) throws IOException {
    inode(path);
    names.remove(normal(path));
    durableNames.remove(normal(path));
  }

  /** Another disk, empty, in the place of this one. Nobody has a file open. */
  public void exchange() {
    names.clear();
    durableNames.clear();
    unsyncedNames.clear();
    directories.clear();
  }

  /** All files, sorted. */
  public List<Path> files() {
    return List.copyOf(names.keySet());
  }

  /**
   * The power goes: open files are dead, locks are free, and unsynced changes take their chance.
   */
  public void losePower() {
    generation++;
    locks.clear();
    operationsUntilPowerLoss = -1;
    unsyncedNames.forEach((directory, changes) -> {
      int kept = random.nextInt(changes.size() + 1);
      for (NameChange change : changes.subList(0, kept)) {
        change.applyTo(durableNames);
      }
    });
    unsyncedNames.clear();
    names.clear();
    names.putAll(durableNames);
    // A file that comes back brings its directory, whose removal cannot have been durable.
    for (Path name : names.keySet()) {
      for (Path at = name.getParent(); at != null; at = at.getParent()) {
        directories.add(at);
      }
    }
    Set<Inode> seen = new HashSet<>();
    for (Inode inode : names.values()) {
      if (seen.add(inode)) {
        inode.losePower(random);
      }
    }
  }

  /** The process ended without a power loss. */
  void releaseLocks() {
    generation++;
    locks.clear();
  }

  private void changing() {
    if (operationsUntilPowerLoss > 0 && --operationsUntilPowerLoss == 0) {
      powerLost.run();
      losePower();
      throw new PowerLoss(host);
    }
  }

  private Inode inode(Path path) throws IOException {
    Inode inode = names.get(normal(path));
    if (inode == null) {
      throw new NoSuchFileException(path.toString());
    }
    return inode;
  }

  private static Path normal(Path path) {
    return path.toAbsolutePath().normalize();
  }

  private static Path directoryOf(Path path) {
    Path parent = path.getParent();
    return parent == null ? path : parent;
  }

  private void change(NameChange change) {
    change.applyTo(names);
    unsyncedNames.computeIfAbsent(directoryOf(change.name), d -> new ArrayList<>()).add(change);
  }

  private long usedBytes() {
    long used = 0;
    for (Inode inode : new HashSet<>(names.values())) {
      used += inode.current.allocatedBytes();
    }
    return used;
  }

  @Override
  public StoredFile open(Path path, Mode mode) throws IOException {
    Path name = normal(path);
    if (mode == Mode.CREATE) {
      if (names.containsKey(name)) {
        throw new FileAlreadyExistsException(path.toString());
      }
      if (!directories.contains(directoryOf(name))) {
        throw new NoSuchFileException(path.toString());
      }
      check(Operation.WRITE, name);
      changing();
      Inode created = new Inode();
      change(new NameChange(name, created, null));
      return new OpenFile(name, created, true);
    }
    Inode inode = inode(name);
    check(mode == Mode.READ ? Operation.OPEN : Operation.WRITE, name);
    return new OpenFile(name, inode, mode != Mode.READ);
  }

  /** Of the heap: direct memory waits for a collector that a simulation gives little to do. */
  @Override
  public ByteBuffer blocks(int bytes) {
    return ByteBuffer.allocate(bytes);
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    Path parent = normal(directory);
    check(Operation.OPEN, parent);
    TreeSet<String> found = new TreeSet<>();
    for (Path name : names.keySet()) {
      if (parent.equals(name.getParent())) {
        found.add(String.valueOf(name.getFileName()));
      }
    }
    for (Path name : directories) {
      if (parent.equals(name.getParent())) {
        found.add(String.valueOf(name.getFileName()));
      }
    }
    return List.copyOf(found);
  }

  @Override
  public boolean exists(Path path) {
    return names.containsKey(normal(path)) || directories.contains(normal(path));
  }

  @Override
  public long size(Path path) throws IOException {
    return inode(path).current.size();
  }

  @Override
  public void createDirectories(Path directory) throws IOException {
    if (directories.contains(normal(directory))) {
      return;
    }
    check(Operation.WRITE, normal(directory));
    for (Path at = normal(directory); at != null; at = at.getParent()) {
      directories.add(at);
    }
  }

  @Override
  public void delete(Path path) throws IOException {
    Path name = normal(path);
    check(Operation.DELETE, name);
    if (directories.contains(name)) {
      if (!list(name).isEmpty()) {
        throw new IOException(path + ": directory not empty");
      }
      directories.remove(name);
      return;
    }
    inode(name);
    changing();
    change(new NameChange(name, null, null));
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    Inode inode = inode(from);
    check(Operation.RENAME, normal(to));
    changing();
    // Within one directory a rename is one change: the old name goes when the new one comes.
    Path oldName = normal(from);
    Path newName = normal(to);
    if (directoryOf(oldName).equals(directoryOf(newName))) {
      change(new NameChange(newName, inode, oldName));
    } else {
      change(new NameChange(newName, inode, null));
      change(new NameChange(oldName, null, null));
    }
  }

  @Override
  public void link(Path existing, Path name) throws IOException {
    Inode inode = inode(existing);
    if (names.containsKey(normal(name))) {
      throw new FileAlreadyExistsException(name.toString());
    }
    check(Operation.RENAME, normal(name));
    changing();
    change(new NameChange(normal(name), inode, null));
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    List<NameChange> changes = unsyncedNames.get(normal(directory));
    if (changes != null || !readOnly) {
      check(Operation.SYNC, normal(directory));
    }
    changing();
    unsyncedNames.remove(normal(directory));
    if (changes != null) {
      changes.forEach(change -> change.applyTo(durableNames));
    }
  }

  @Override
  public long usableBytes(Path path) {
    return capacityBytes == Long.MAX_VALUE ? 1L << 40 : Math.max(0, capacityBytes - usedBytes());
  }

  @Override
  public long totalBytes(Path path) {
    return Math.min(capacityBytes, 1L << 40);
  }

  @Override
  public Closeable lock(Path file) throws IOException {
    check(Operation.WRITE, normal(file));
    if (!locks.add(normal(file))) {
      throw new IOException(file + " is locked by another process");
    }
    int lockedIn = generation;
    return () -> {
      if (lockedIn == generation) {
        locks.remove(normal(file));
      }
    };
  }

  /** {@code name} now stands for {@code inode}, or for nothing; {@code replaces} goes with it. */
  private record NameChange(Path name, @Nullable Inode inode, @Nullable Path replaces) {
    void applyTo(Map<Path, Inode> directory) {
      if (replaces != null) {
        directory.remove(replaces);
      }
      if (inode == null) {
        directory.remove(name);
      } else {
        directory.put(name, inode);
      }
    }
  }

  /** A file's bytes: as processes see them, and as they are certain to be after a power loss. */
  private static final class Inode {
    SparseBytes current = new SparseBytes();
    SparseBytes durable = new SparseBytes();
    final List<Write> unsynced = new ArrayList<>();

    void sync() {
      for (Write write : unsynced) {
        write.applyTo(durable, write.bytes == null ? 0 : write.bytes.length);
      }
      unsynced.clear();
    }

    void losePower(Randomness random) {
      leaveToChance(random);
      current = durable.copy();
    }

    void leaveToChance(Randomness random) {
      for (Write write : unsynced) {
        int length = write.bytes == null ? 0 : write.bytes.length;
        switch (random.nextInt(3)) {
          case 0 -> write.applyTo(durable, length);
          case 1 -> write.applyTo(durable, length == 0 ? 0 : random.nextInt(length));
          default -> {
            // Lost altogether.
          }
        }
      }
      unsynced.clear();
    }
  }

  /** A change of a file's bytes; without bytes, of its size. */
  private record Write(long position, byte @Nullable [] bytes) {
    void applyTo(SparseBytes target, int length) {
      if (bytes == null) {
        target.resize(position);
      } else {
        target.write(position, bytes, length);
      }
    }
  }

  private final class OpenFile implements StoredFile {
    private final Path name;
    private final Inode inode;
    private final boolean writable;
    private final int openedIn = generation;
    private boolean closed;

    OpenFile(Path name, Inode inode, boolean writable) {
      this.name = name;
      this.inode = inode;
      this.writable = writable;
    }

    private void usable() throws IOException {
      if (openedIn != generation) {
        throw new PowerLoss(host);
      }
      if (closed) {
        throw new IOException(name + " is closed");
      }
    }

    private void writable() throws IOException {
      usable();
      if (!writable) {
        throw new IOException(name + " is open for reading only");
      }
    }

    private void record(Write write) {
      inode.unsynced.add(write);
      write.applyTo(inode.current, write.bytes == null ? 0 : write.bytes.length);
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      usable();
      check(Operation.READ, name);
      return inode.current.read(target, position);
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
      writable();
      check(Operation.WRITE, name);
      byte[] bytes = new byte[source.remaining()];
      if (capacityBytes != Long.MAX_VALUE && usedBytes() + bytes.length > capacityBytes) {
        throw new DiskFullException(name + ": No space left on device", null);
      }
      source.get(bytes);
      Write write = new Write(position, bytes);
      if (operationsUntilPowerLoss == 1) {
        // The power goes in the middle of this write: some of it may have reached the disk.
        record(write);
      }
      changing();
      record(write);
    }

    @Override
    public void sync() throws IOException {
      writable();
      if (!inode.unsynced.isEmpty() || !readOnly) {
        try {
          check(Operation.SYNC, name);
        } catch (IOException e) {
          inode.leaveToChance(random);
          throw e;
        }
      }
      changing();
      syncCount++;
      if (lyingAbout == null || !name.toString().contains(lyingAbout)) {
        inode.sync();
      }
    }

    @Override
    public void truncate(long size) throws IOException {
      writable();
      check(Operation.WRITE, name);
      changing();
      record(new Write(size, null));
    }

    @Override
    public void preallocate(long size) throws IOException {
      writable();
      check(Operation.WRITE, name);
      if (size > inode.current.size()) {
        changing();
        record(new Write(size, null));
      }
    }

    @Override
    public long size() throws IOException {
      usable();
      return inode.current.size();
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
