using System.Globalization;

namespace ShopCart.Prove;

/// <summary>The comparison as a table, each row as soon as it is known.</summary>
internal static class ResultTable
{
    private const int TitleWidth = 36;

    private static readonly string[] Columns =
        ["shoppers", "requests", "failed requests", "carts wrong", "items lost", "busiest node", "requests/s"];

    public static string Header { get; } = Line("", Columns);

    public static string Rule { get; } = new('─', Header.Length);

    public static string Format(RowResult row) => Line(row.Title,
    [
        Number(row.Shoppers), Number(row.Requests), Number(row.Failed), Number(row.CartsWrong), Number(row.ItemsLost),
        row.BusiestShare.ToString("0.0 %", CultureInfo.InvariantCulture), Number(row.RequestsPerSecond),
    ]);

    private static string Line(string title, string[] cells)
        => title.PadRight(TitleWidth) + string.Concat(cells.Zip(Columns, (cell, column) => "  " + cell.PadLeft(column.Length)));

    private static string Number(double value) => value.ToString("#,0", CultureInfo.InvariantCulture);
}
