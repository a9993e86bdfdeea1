package io.quorate.sstable;

import io.quorate.environment.FileSystem;
import io.quorate.sstable.SnapshotManifest.DataFile;
import io.quorate.sstable.SnapshotManifest.TableFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Copies one snapshot to a directory that holds snapshots of many nodes, each file once:
 *
 * <pre>
 * &lt;host id&gt;/files/&lt;table id&gt;/&lt;n&gt;-&lt;crc&gt;.sst     the files of all its snapshots
 * &lt;host id&gt;/snapshots/&lt;name&gt;/&lt;table id&gt;/MANIFEST
 * &lt;host id&gt;/snapshots/&lt;name&gt;/schema.cql         for people: it is in the manifest too
 * &lt;host id&gt;/snapshots/&lt;name&gt;/MANIFEST           written last
 * </pre>
 *
 * <p>A file that is there with the right checksum is not copied again: so an export that was
 * interrupted goes on where it was, and the next snapshot's export copies what is new.
 */
public final class SnapshotExport {
  private final FileSystem files;
  private final Path source;
  private final SnapshotManifest manifest;
  private final Path target;

  /** How much there was to do. */
  public record Exported(String name, int files, long bytes, int copiedFiles, long copiedBytes) {}

  SnapshotExport(FileSystem files, Path source, SnapshotManifest manifest, Path directory) {
    this.files = files;
    this.source = source;
    this.manifest = manifest;
    this.target = directory.resolve(manifest.origin().hostId().toString());
  }

  /** Where a node's file stands in a directory of exports. */
  static Path file(Path host, TableFiles table, DataFile file) {
    return host.resolve("files").resolve(table.id().toString()).resolve(file.exportedName());
  }

  static Path snapshot(Path host, String name) {
    return host.resolve("snapshots").resolve(name);
  }

  Exported run(@Nullable String since, StorageTask task) throws IOException {
    Path exported = snapshot(target, manifest.name());
    if (files.exists(exported.resolve(SnapshotManifest.FILE_NAME))
        && !SnapshotManifest.load(files, exported).equals(manifest)) {
      throw new IOException(
          "another snapshot " + manifest.name() + " of this node is in " + target + " already");
    }
    SnapshotManifest known = since == null ? null : earlier(since);
    task.begin(manifest.bytes());
    CheckedCopy copy = new CheckedCopy(files, task);
    int copiedFiles = 0;
    long copiedBytes = 0;
    for (TableFiles table : manifest.tables()) {
      files.createDirectories(target.resolve("files").resolve(table.id().toString()));
      for (DataFile file : table.files()) {
        if (!file.missing() && !isThere(table, file, known, copy)) {
          copy(table, file, copy);
          copiedFiles++;
          copiedBytes += file.bytes();
        }
      }
      Path own = exported.resolve(table.id().toString());
      files.createDirectories(own);
      files.replace(
          own.resolve(TableManifest.FILE_NAME),
          files.readAll(source.resolve(table.id().toString()).resolve(TableManifest.FILE_NAME)));
    }
    files.createDirectories(exported);
    files.replace(
        exported.resolve("schema.cql"),
        manifest.origin().schema().getBytes(StandardCharsets.UTF_8));
    files.replace(exported.resolve(SnapshotManifest.FILE_NAME), manifest.encode());
    return new Exported(
        manifest.name(), manifest.fileCount(), manifest.bytes(), copiedFiles, copiedBytes);
  }

  private SnapshotManifest earlier(String since) throws IOException {
    Path exported = snapshot(target, since);
    if (!files.exists(exported.resolve(SnapshotManifest.FILE_NAME))) {
      throw new IOException("snapshot " + since + " of this node was not exported to " + target);
    }
    return SnapshotManifest.load(files, exported);
  }

  private boolean isThere(
      TableFiles table, DataFile file, @Nullable SnapshotManifest known, CheckedCopy copy)
      throws IOException {
    Path there = file(target, table, file);
    if (!files.exists(there)) {
      return false;
    }
    if (known != null && known.has(table.id(), file)) {
      copy.advance(file.bytes());
      return true;
    }
    return copy.problem(there, file) == null;
  }

  private void copy(TableFiles table, DataFile file, CheckedCopy copy) throws IOException {
    Path from = source.resolve(table.id().toString()).resolve(file.fileName());
    Path to = file(target, table, file);
    long free = files.usableBytes(target);
    if (free < file.bytes()) {
      throw new IOException(
          target + ": No space left on device: " + file.bytes() + " bytes, " + free + " free");
    }
    copy.copy(from, to, file);
  }
}
