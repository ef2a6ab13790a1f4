using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients.Browsers;

/// <summary>Headless Chromium with a profile of its own, which keeps a record of its requests.</summary>
internal sealed class Browser : IDisposable
{
    private readonly DirectoryInfo _profile = Directory.CreateTempSubdirectory("sticky-chromium-");
    private readonly ChromeDriver _driver;

    private Browser(string chromium, string chromedriver, bool scripts)
    {
        var options = new ChromeOptions { BinaryLocation = chromium };

        // So high that nothing has to be scrolled to.
        options.AddArguments(
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,2000",
            $"--user-data-dir={_profile.FullName}");

        // Its own first page would look for a search engine's, which is a failed request where there is no internet.
        options.AddUserProfilePreference("session.restore_on_startup", 4);
        options.AddUserProfilePreference("session.startup_urls", new[] { "about:blank" });
        options.SetLoggingPreference(LogType.Browser, LogLevel.All);
        options.SetLoggingPreference("performance", LogLevel.All);
        if (!scripts)
        {
            options.AddUserProfilePreference("profile.managed_default_content_settings.javascript", 2);
        }

        var service = ChromeDriverService.CreateDefaultService(Path.GetDirectoryName(chromedriver), Path.GetFileName(chromedriver));
        service.SuppressInitialDiagnosticInformation = true;
        try
        {
            _driver = new ChromeDriver(service, options);
            Record = new BrowserRecord(_driver.Manage().Logs);
        }
        catch
        {
            service.Dispose();
            _profile.Delete(recursive: true);
            throw;
        }
    }

    public BrowserRecord Record { get; }

    /// <param name="scripts">Whether pages may run JavaScript.</param>
    public static Browser StartOrSkip(bool scripts = true)
        => new(InstalledPrograms.FindOrSkip("chromium"), InstalledPrograms.FindOrSkip("chromedriver"), scripts);

    public void Open(Uri address) => _driver.Navigate().GoToUrl(address);

    /// <summary>What the only element says that a CSS selector finds.</summary>
    public string Text(string selector) => Assert.Single(Texts(selector));

    // By one script: between two commands a page may have changed.
    public string[] Texts(string selector)
        => [.. ((IEnumerable<object>)_driver.ExecuteScript(
            "return [...document.querySelectorAll(arguments[0])].map(element => element.textContent)", selector)!).Cast<string>()];

    public void Click(string selector) => _driver.FindElement(By.CssSelector(selector)).Click();

    public void Type(string selector, string text)
    {
        var field = _driver.FindElement(By.CssSelector(selector));
        field.Clear();
        field.SendKeys(text);
    }

    /// <summary>
    /// Clicks one element so many times, each time as soon as another element says something else than before.
    /// </summary>
    /// <returns>What the other element said after each click, or why that was not so.</returns>
    public string[] ClickAndRead(string click, string read, int times)
        => [.. ((IEnumerable<object>)_driver.ExecuteAsyncScript(
            """
            const [click, read, times, done] = arguments;
            const seen = [];
            const target = document.querySelector(read);
            new MutationObserver(() => {
              if (seen.length > 0 && target.textContent === seen.at(-1)) return;
              seen.push(target.textContent);
              if (seen.length === times) done(seen); else document.querySelector(click).click();
            }).observe(target, { childList: true, characterData: true, subtree: true });
            document.querySelector(click).click();
            """,
            click,
            read,
            times)!).Cast<string>()];

    /// <summary>Marks this page, which a later one that replaces it is not.</summary>
    public void Mark() => _driver.ExecuteScript("document.documentElement.dataset.mark = 'old'");

    /// <summary>Whether another page than the one that was marked is there, and complete.</summary>
    public bool HasLoadedAgain() => _driver.ExecuteScript("return !document.documentElement.dataset.mark && document.readyState === 'complete'") is true;

    public void Dispose()
    {
        _driver.Dispose();
        _profile.Delete(recursive: true);
    }
}
