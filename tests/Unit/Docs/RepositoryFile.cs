namespace StickySessions.Tests.Unit.Docs;

/// <summary>Files of the repository that the tests were built in.</summary>
internal static class RepositoryFile
{
    public static string Read(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "StickySessions.sln")))
            {
                return File.ReadAllText(Path.Combine(folder.FullName, path));
            }
        }

        throw new FileNotFoundException("The repository was not found above the test's folder.", path);
    }
}
