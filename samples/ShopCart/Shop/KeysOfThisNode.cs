using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace ShopCart.Shop;

/// <summary>
/// Data Protection keys that only this process knows, as on a machine of its own. Nodes on one machine would otherwise share the keys in
/// the home folder and read each other's session cookies.
/// </summary>
internal sealed class KeysOfThisNode : IXmlRepository
{
    private readonly Lock _gate = new();
    private readonly List<XElement> _elements = [];

    public IReadOnlyCollection<XElement> GetAllElements()
    {
        lock (_gate)
        {
            return [.. _elements];
        }
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        lock (_gate)
        {
            _elements.Add(element);
        }
    }
}
