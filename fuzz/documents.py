"""Documents of enrollment and management: how a valid message of each is made, and XML with something wrong in it."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from fuzz.common import Make, access_token
from fuzz.instance import Instance, named
from fuzz.message import Message, Xml, text
from taxiway.wire import discovery, enroll, policy
from taxiway.wire.soap import CONTENT_TYPE as SOAP
from taxiway.wire.soap import JWT_TOKEN, BinaryToken
from taxiway.wire.syncml import CONTENT_TYPE as SYNCML

_MDM = "https://localhost:8444/"


def _soap(service: str, body: bytes) -> Message:
    headers = [("content-type", SOAP)]
    return Message("POST", f"/EnrollmentServer/{service}.svc", headers=headers, body=Xml(body), door="devices")


async def discover(_it: Instance) -> Message:
    """Which services enroll."""
    request = discovery.DiscoverRequest(
        email_address="ada@contoso.example",
        request_version="5.0",
        device_type="CIMClient_Windows",
        application_version="10.0.26100.1",
        os_edition="48",
        auth_policies=("OnPremise", "Federated"),
    )
    url = f"{_MDM}EnrollmentServer/Discovery.svc"
    return _soap("Discovery", discovery.render_discover(request, message_id="m", to=url))


async def _credential(it: Instance) -> BinaryToken:
    token = await access_token(it, _MDM, scp="mdm_delegation", deviceid=it.device_id)
    return BinaryToken(JWT_TOKEN, text(token).removeprefix("Bearer ").encode())


async def policies(it: Instance) -> Message:
    """What a certificate request has to be like."""
    url = f"{_MDM}EnrollmentServer/Policy.svc"
    return _soap("Policy", policy.render_get_policies(message_id="m", to=url, credential=await _credential(it)))


async def certificate(it: Instance) -> Message:
    """The request for the management certificate."""
    key = it.keys.rsa()
    asked = x509.CertificateSigningRequestBuilder().subject_name(named("X!Y")).sign(key, hashes.SHA256())
    der = asked.public_bytes(Encoding.DER)
    context = (("EnrollmentType", "Device"), ("DeviceType", "CIMClient_Windows"), ("DeviceName", "PC"))
    context += (("OSVersion", "10.0.26100.1"), ("OSEdition", "48"), ("DeviceID", "D"), ("HWDevID", "H" * 40))
    request = enroll.EnrollRequest(
        request_type=enroll.ISSUE, token=enroll.BinaryToken(enroll.PKCS10, der), context=context
    )
    url = f"{_MDM}EnrollmentServer/Enrollment.svc"
    body = enroll.render_enroll(request, message_id="m", to=url, credential=await _credential(it))
    return _soap("Enrollment", body)


_FIRST = b"""<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>
<SessionID>%d</SessionID><MsgID>1</MsgID><Target><LocURI>https://localhost:8444/</LocURI></Target>
<Source><LocURI>D</LocURI></Source><Cred><Meta><Format xmlns="syncml:metinf">b64</Format>
<Type xmlns="syncml:metinf">syncml:auth-md5</Type></Meta><Data>AAAA</Data></Cred>
<Meta><MaxMsgSize xmlns="syncml:metinf">524288</MaxMsgSize><MaxObjSize xmlns="syncml:metinf">9999999</MaxObjSize></Meta>
</SyncHdr><SyncBody><Alert><CmdID>2</CmdID><Data>1201</Data></Alert><Alert><CmdID>3</CmdID><Data>1224</Data><Item><Meta>
<Type xmlns="syncml:metinf">com.microsoft/MDM/LoginStatus</Type></Meta><Data>others</Data></Item></Alert>
<Alert><CmdID>5</CmdID><Data>1226</Data><Item><Source><LocURI>./x</LocURI></Source><Meta>
<Type xmlns="syncml:metinf">com.example:thing</Type><Format xmlns="syncml:metinf">int</Format>
<Mark xmlns="syncml:metinf">critical</Mark></Meta><Data>1</Data></Item></Alert>
<Replace><CmdID>4</CmdID><Item><Source><LocURI>./DevInfo/DevId</LocURI></Source><Data>D</Data></Item></Replace>
<Status><CmdID>6</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Cmd>Get</Cmd><Chal><Meta>
<Type xmlns="syncml:metinf">syncml:auth-md5</Type><NextNonce xmlns="syncml:metinf">AAAA</NextNonce></Meta></Chal>
<Data msft:originalerror="0x86000002" xmlns:msft="http://schemas.microsoft.com/MobileDevice/MDM">404</Data></Status>
<Results><CmdID>7</CmdID><MsgRef>1</MsgRef><CmdRef>5</CmdRef><Item><Source><LocURI>./DevDetail/SwV</LocURI></Source>
<Meta><Format xmlns="syncml:metinf">chr</Format><Size xmlns="syncml:metinf">15</Size></Meta><Data>10.0</Data><MoreData/>
</Item></Results><Atomic><CmdID>8</CmdID><Get><CmdID>9</CmdID><Item><Target><LocURI>./x</LocURI></Target></Item></Get>
</Atomic><Final/></SyncBody></SyncML>"""


async def session(it: Instance) -> Message:
    """A message of a management session, with something of everything that a device may say."""
    number = int(it.clock.monotonic()) % 60_000
    headers = [("content-type", SYNCML), ("user-agent", "MSFT OMA DM Client/1.2.0.1")]
    query = [("mode", "Machine"), ("Platform", "WoA")]
    path = "/ManagementServer/MDM.svc"
    return Message(
        "POST", path, query=query, headers=headers, body=Xml(_FIRST % number), peer=it.managed, door="devices"
    )


DOCUMENTS: dict[str, Make] = {make.__name__: make for make in (discover, policies, certificate, session)}
